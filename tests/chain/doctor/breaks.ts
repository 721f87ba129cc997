import type { CauseCode } from "../../../diagnose/causes.ts";
import { identityBreaks, keyVaultBreaks } from "./azure.ts";
import { bootstrapBreaks } from "./bootstrap.ts";
import { bootstrapRunBreaks } from "./bootstrap-runs.ts";
import { bootstrapSourceBreaks } from "./bootstrap-source.ts";
import type { Break } from "./break.ts";
import { consumerBreaks } from "./consumers.ts";
import { externalSecretBreaks, storeBreaks } from "./stores.ts";
import { patcherBreaks, vaultBreaks } from "./vault.ts";

/**
 * Causes that these servers cannot be brought to: a Vault with several pods (`tests/cli/access/vault-pods.test.ts` has one),
 * the real Azure's limits, a kubelet that mounts an expired token, an API
 * server under a load that no test should make. `tests/diagnose/strikes.ts` has them, as all others, from made-up snapshots.
 */
export const notOnTheChain: readonly CauseCode[] = [
  "key-vault-throttled",
  "bootstrap-login-refused",
  "api-server-overloaded",
  "vault-failing",
  "vault-no-active-pod",
  "vault-pod-sealed",
  "vault-pod-not-serving",
];

/** Causes that are brought about in one environment of their own: parts run side by side. */
export interface Part {
  readonly breaks: Readonly<Record<string, Break>>;
  /**
   * Brought about one after the other, the end of the pipeline first, and all repaired by the command that is printed for
   * the last: an update takes long. Causes of other parts may be among them.
   */
  readonly together: readonly (readonly CauseCode[])[];
}

export const upToBootstrap: Part = {
  breaks: {
    ...keyVaultBreaks,
    ...identityBreaks,
    ...bootstrapBreaks,
    ...bootstrapRunBreaks,
    ...bootstrapSourceBreaks,
  },
  together: [
    [
      "external-secret-denied",
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
      "pull-secret-missing-here",
      "patcher-vault-denied",
      "bootstrap-forbidden-in-cluster",
      "bootstrap-misconfigured",
      "bootstrap-failed",
      "bootstrap-unschedulable",
      "bootstrap-image-not-pulled",
      "bootstrap-cannot-start",
    ],
  ],
};

export const vaultPart: Part = {
  breaks: { ...vaultBreaks, ...patcherBreaks },
  together: [
    [
      "azure-not-readable",
      "vault-not-readable",
      "cluster-login-refused",
      "eso-not-running",
      "cluster-not-readable",
      "vault-unreachable",
    ],
  ],
};

export const deliveryPart: Part = {
  breaks: { ...storeBreaks, ...externalSecretBreaks, ...consumerBreaks },
  together: [
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
  ],
};

const parts = [upToBootstrap, vaultPart, deliveryPart];

export const breaks: Readonly<Record<string, Break>> = Object.assign({}, ...parts.map((part) => part.breaks));

const grouped: ReadonlySet<string> = new Set(parts.flatMap(({ together }) => together.flat()));

/** What is repaired by a command of its own. */
export function alone(part: Part): readonly CauseCode[] {
  return (Object.keys(part.breaks) as CauseCode[]).filter((code) => !grouped.has(code));
}
