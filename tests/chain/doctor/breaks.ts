import type { CauseCode } from "../../../diagnose/causes.ts";
import { identityBreaks, keyVaultBreaks } from "./azure.ts";
import { bootstrapBreaks } from "./bootstrap.ts";
import { bootstrapRunBreaks } from "./bootstrap-runs.ts";
import { bootstrapSourceBreaks } from "./bootstrap-source.ts";
import type { Break } from "./break.ts";
import { consumerBreaks } from "./consumers.ts";
import { externalSecretBreaks, storeBreaks } from "./stores.ts";
import { patcherBreaks, vaultBreaks } from "./vault.ts";

export const breaks: Readonly<Record<string, Break>> = {
  ...keyVaultBreaks,
  ...identityBreaks,
  ...bootstrapBreaks,
  ...bootstrapRunBreaks,
  ...bootstrapSourceBreaks,
  ...vaultBreaks,
  ...patcherBreaks,
  ...storeBreaks,
  ...externalSecretBreaks,
  ...consumerBreaks,
};

/**
 * Causes that these servers cannot be brought to: a Vault with several pods (`tests/cli/access/vault-pods.test.ts` has one),
 * the real Azure's limits, a kubelet that mounts an expired token, an API
 * server under a load that no test should make. `tests/diagnose/strikes.ts` has them, as all others, from made-up snapshots.
 */
export const notOnTheChain: readonly CauseCode[] = [
  "key-vault-throttled",
  "bootstrap-login-refused",
  "api-server-overloaded",
  "vault-no-active-pod",
  "vault-pod-sealed",
  "vault-pod-not-serving",
];

/** Broken one after the other, and repaired by one printed command: an update takes long. */
export const together: readonly (readonly CauseCode[])[] = [
  [
    "bootstrap-secret-kept",
    "federated-token-file-missing",
    "bootstrap-overruns",
    "bootstrap-suspended",
    "role-assignment-missing",
    "federated-credential-mismatch",
    "federated-credential-missing",
    "identity-missing",
    "client-id-stale",
  ],
  [
    "bootstrap-forbidden-in-cluster",
    "bootstrap-misconfigured",
    "bootstrap-failed",
    "bootstrap-unschedulable",
    "bootstrap-image-not-pulled",
    "bootstrap-cannot-start",
  ],
  ["eso-not-running", "vault-unreachable"],
  [
    "pull-secret-not-attached",
    "target-secret-differs",
    "pull-secret-malformed",
    "external-secret-path-wrong",
    "external-secret-missing",
    "store-account-missing",
    "store-missing",
    "vault-address-wrong",
    "vault-policy-narrow",
    "vault-role-binding",
    "vault-role-audience",
    "vault-role-missing",
    "token-review-forbidden",
    "vault-auth-missing",
    "bootstrap-missing",
  ],
];

const grouped: ReadonlySet<string> = new Set(together.flat());

export const alone = Object.fromEntries(Object.entries(breaks).filter(([code]) => !grouped.has(code)));
