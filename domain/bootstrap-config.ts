import { byType, flag, list, object, oneOf, optional, text, url, whole, type TypeOf } from "./json-shape.ts";

/** `config.json` next to vault-bootstrap's bundle: names, no value. */
export const bootstrapConfigShape = object({
  environment: oneOf("dev", "staging", "prod", "local"),
  namespace: text,
  vault: object({
    /** How pods reach Vault, such as `http://vault-core-dev.ameide-dev.svc.cluster.local:8200`. */
    address: url,
    /** Namespace of Vault Enterprise or OpenBao; the root namespace where it is left out. */
    namespace: optional(text),
    mount: text,
    authMount: text,
    role: text,
    /** Whether a Vault that was never initialised may be initialised; see `vault-lost` for the one time it may not. */
    initialise: flag,
    unseal: oneOf("from-secret", "kms", "manual"),
    /** Whether the root token that initialisation returns is stored or revoked. */
    rootToken: oneOf("stored", "revoked"),
    /** Secret with `unseal-key`, and with `root-token` where that is stored. */
    credentialsSecret: text,
  }),
  source: byType({
    "azure-key-vault": object({
      type: oneOf("azure-key-vault"),
      uri: url,
      /** For sovereign clouds and private endpoints with an authority that Microsoft's instance discovery does not know. */
      disableInstanceDiscovery: flag,
      /** For vaults with a host name that does not match the challenge's resource. */
      disableChallengeResourceVerification: flag,
    }),
    "kubernetes-secret": object({ type: oneOf("kubernetes-secret"), name: text, key: text }),
  }),
  secrets: list(
    object({
      name: text,
      authority: oneOf("external", "generated"),
      /** Name in the source, prefix included; external only. */
      source: optional(text),
      /** Path under the mount, without `data/`. */
      path: text,
      required: flag,
      /** Written only where absent, and only where `fixturesAllowed`. */
      fixture: optional(text),
      lengthInCharacters: optional(whole),
    }),
  ),
  /** Extra copies: a name in the source to a path under the mount (`mappedSecrets` of document 451). */
  mappedSecrets: list(object({ from: text, to: text })),
  /** ExternalSecrets, here and in other namespaces, that read what is carried: each syncs after a run that wrote a path of it. */
  deliveries: list(object({ namespace: text, name: text, paths: list(text) })),
  fixtures: object({ values: list(text), placeholders: list(text) }),
  fixturesAllowed: flag,
  /** Whether an expired new value is refused. What Vault already has stays. */
  expiredRefused: flag,
  /** Whether an external name that holds an unmarked value, neither fixture nor placeholder, may be taken over. */
  claimUnmarked: flag,
  statusConfigMap: text,
  /** Lease that keeps Jobs and CronJob from running side by side. */
  lease: text,
  /** Bound on one run, in seconds; below the CronJob's period. */
  deadlineInSeconds: whole,
});

export type BootstrapConfig = TypeOf<typeof bootstrapConfigShape>;

/** One cause, one exit code; `docs/exit-codes.md` is generated from this table. */
export const bootstrapExitCodes = {
  ok: 0,
  "internal-error": 1,
  "bad-configuration": 2,
  "required-missing": 10,
  "source-unreachable": 11,
  "source-forbidden": 12,
  "federation-mismatch": 13,
  "token-file-missing": 14,
  "value-refused": 15,
  "source-throttled": 16,
  "vault-unreachable": 20,
  "vault-sealed": 21,
  "vault-uninitialised": 22,
  "vault-lost": 23,
  "vault-orphaned": 24,
  "vault-auth-refused": 25,
  "vault-policy-refused": 26,
  "vault-throttled": 27,
  "vault-failing": 28,
  conflict: 30,
  "lease-held": 31,
  terminated: 32,
  "kubernetes-unreachable": 40,
  "kubernetes-refused": 41,
  "kubernetes-login-refused": 42,
  "kubernetes-throttled": 43,
  "kubernetes-failing": 44,
} as const;

export type BootstrapCause = keyof typeof bootstrapExitCodes;

export const bootstrapPhases = [
  "acquire-lease",
  "wait-for-vault",
  "initialise",
  "unseal",
  "log-in",
  "list",
  "read",
  "check",
  "write",
  "deliver",
] as const;

export type BootstrapPhase = (typeof bootstrapPhases)[number];

const bootstrapSecretStatusShape = object(
  {
    name: text,
    path: text,
    outcome: oneOf("written", "unchanged", "kept", "failed"),
    /** Who owns it, what went wrong, or what is worth knowing of an unchanged one. */
    reason: optional(text),
    sourceVersion: optional(text),
    vaultVersion: optional(whole),
    /** ISO 8601: when the value in the source expires. */
    expiresAt: optional(text),
    /** ISO 8601: when the last of its ExternalSecrets had synced this version. */
    deliveredAt: optional(text),
    /** The ExternalSecrets that did not when it was written, as `namespace/name: why`. */
    notDelivered: optional(list(text)),
  },
  "allowed",
);

export type BootstrapSecretStatus = TypeOf<typeof bootstrapSecretStatusShape>;

/** Not strict: a status written by a later version may have more keys. */
const bootstrapStatusShape = object(
  {
    runId: text,
    /** ISO 8601, UTC. */
    startedAt: text,
    finishedAt: text,
    /** The last run that ended with `ok`; kept over failing runs. */
    lastSuccessAt: optional(text),
    cause: oneOf(...(Object.keys(bootstrapExitCodes) as BootstrapCause[])),
    /** The phase that a failed run ended in. */
    phase: optional(oneOf(...bootstrapPhases)),
    message: optional(text),
    /** Secrets left out of `secrets` since a ConfigMap holds 1 MiB; unchanged ones go first. */
    omitted: optional(whole),
    secrets: list(bootstrapSecretStatusShape),
  },
  "allowed",
);

/** `data.status` of the ConfigMap `vault-bootstrap-status`, as JSON: names, versions and times; no value. */
export type BootstrapStatus = TypeOf<typeof bootstrapStatusShape>;

/** @returns `undefined` if `data.status` is not a status: anybody with the right may have edited it. */
export function parseBootstrapStatus(text: string): BootstrapStatus | undefined {
  try {
    const status: unknown = JSON.parse(text);
    return bootstrapStatusShape.problems(status).length === 0 ? (status as BootstrapStatus) : undefined;
  } catch {
    return undefined;
  }
}

/** Custom metadata on each KV v2 secret that vault-bootstrap writes (Vault takes strings only). */
export const customMetadataKeys = {
  managedBy: "managed-by",
  authority: "authority",
  sourceVersion: "source-version",
  sourceUpdated: "source-updated",
  vaultVersion: "vault-version",
} as const;

export const managedByBootstrap = "ameide-secrets/vault-bootstrap";
