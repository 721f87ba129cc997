import { mandatory, type ResourceRule } from "./rule.ts";
import { at, text } from "./subject/reading.ts";

export const vaultReviewerToken: ResourceRule = {
  id: "vault-reviewer-token",
  family: "vault",
  severity: "critical",
  description: "Vault's Kubernetes auth pins no reviewer token.",
  why: "A token projected into a pod ends with the pod: every SecretStore of the cluster answered 403.",
  remediation:
    "Leave token_reviewer_jwt out and set disable_local_ca_jwt=false: Vault then reviews with its own account.",
  references: ["450", "451", "519", "P7"],
  levels: mandatory,
  kinds: ["VaultAuthConfig", "VaultSecret"],
  judge({ kind, object }) {
    if (kind === "VaultAuthConfig") {
      return at(object, "tokenReviewerJwt") === undefined
        ? []
        : [{ path: ["tokenReviewerJwt"], problem: "pins a reviewer token; leave it out" }];
    }
    const path = text(object, "path") ?? "";
    if (!/^\/?auth\/[^/]+\/config$/.test(path)) return [];
    return /token_reviewer_jwt/.test(text(object, "dataJson") ?? "")
      ? [{ path: ["dataJson"], problem: `writes token_reviewer_jwt to ${path}; leave it out` }]
      : [];
  },
};
