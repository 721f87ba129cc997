import { judgeEach, mandatory, type ResourceRule, type StackRule, type Violation } from "./rule.ts";
import { text } from "./subject/reading.ts";
import { covers, policyPaths, type PolicyPath } from "./subject/vault-path.ts";

const writing = new Set(["create", "update", "patch", "delete", "sudo", "root"]);

export const vaultPolicyWildcard: ResourceRule = {
  id: "vault-policy-wildcard",
  family: "vault",
  severity: "critical",
  description: "A policy names the secrets that it opens; none begins with a wildcard.",
  why: "A policy on secret/* reads every secret of the environment, the one that is added tomorrow too.",
  remediation: "Name each path, such as secret/data/ghcr-token; the catalogue gives the list.",
  references: ["426", "450", "465"],
  levels: mandatory,
  kinds: ["VaultPolicy"],
  judge({ object }) {
    const policy = text(object, "policy") ?? "";
    return policyPaths(policy).flatMap((entry): readonly Violation[] => {
      const reason = tooWide(entry);
      return reason === undefined ? [] : [{ path: ["policy"], problem: `path "${entry.path}" ${reason}` }];
    });
  },
};

/** Lists of names and reading of configuration may be wide; secrets' data and the writing of rights may not. */
function tooWide({ path, capabilities }: PolicyPath): string | undefined {
  if (/^[*+]/.test(path)) return "begins with a wildcard and covers every mount; name the mount and the path";
  const [mount = "", ...rest] = path.split("/");
  if (capabilities.every((one) => one === "deny")) return undefined;
  const writes = capabilities.some((one) => writing.has(one));
  if (mount === "sys" || mount === "auth" || mount === "identity") {
    const open = /^(?:sys|auth|identity)\/(?:policies\/acl\/|policy\/|mounts\/|auth\/|[^/*+]+\/role\/)?[*+]/.test(path);
    return open && writes ? "lets its holder change rights without a bound; name what it may change" : undefined;
  }
  const inner = rest[0] === "data" || rest[0] === "metadata" ? rest.slice(1) : rest;
  const listsOnly = rest[0] === "metadata" && !writes;
  if (listsOnly || !/^[*+]/.test(inner[0] ?? "")) return undefined;
  return `opens every secret under "${mount}"; name the paths one by one`;
}

export const vaultPatcherCoverage: StackRule = {
  id: "vault-patcher-coverage",
  family: "vault",
  severity: "high",
  description: "The client-patcher's policy covers the key of every Keycloak client in the catalogue.",
  why: '"Written successfully", and nothing in Vault: the policy lacked backstage-*, then coder-*, then gitlab-*.',
  remediation:
    "Make the policy from the catalogue's keycloakClients; each key needs create, update and read on its data path.",
  references: ["485", "622", "695", "P9"],
  levels: mandatory,
  kinds: ["VaultPolicy"],
  judgeAll(subjects, { catalogue }) {
    const patchers = subjects.filter(({ object }) => text(object, "name") === "keycloak-client-patcher");
    return judgeEach(patchers, (subject) => {
      const paths = policyPaths(text(subject.object, "policy") ?? "");
      return catalogue.keycloakClients.flatMap(({ clientId, vaultKey }): readonly Violation[] => {
        const path = `secret/data/${vaultKey}`;
        const granted = new Set(paths.filter((one) => covers(one.path, path)).flatMap((one) => one.capabilities));
        const missing = ["create", "read", "update"].filter((one) => !granted.has(one));
        if (missing.length === 0) return [];
        return [
          {
            subject,
            path: ["policy"],
            problem: `lacks ${missing.join(", ")} on "${path}" of the client "${clientId}"`,
          },
        ];
      });
    });
  },
};
