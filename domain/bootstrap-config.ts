import * as z from "zod/mini";

/**
 * `config.json` next to vault-bootstrap's bundle: names, no value. zod/mini, since the bundle goes into a ConfigMap.
 */
export const bootstrapConfigSchema = z.strictObject({
  environment: z.enum(["dev", "staging", "prod", "local"]),
  namespace: z.string(),
  vault: z.strictObject({
    /** How pods reach Vault, such as `http://vault-core-dev.ameide-dev.svc.cluster.local:8200`. */
    address: z.url(),
    /** Namespace of Vault Enterprise or OpenBao; the root namespace where it is left out. */
    namespace: z.optional(z.string()),
    mount: z.string(),
    authMount: z.string(),
    role: z.string(),
    /** Whether a Vault that was never initialised may be initialised; see `vault-lost` for the one time it may not. */
    initialise: z.boolean(),
    unseal: z.enum(["from-secret", "kms", "manual"]),
    /** Whether the root token that initialisation returns is stored or revoked. */
    rootToken: z.enum(["stored", "revoked"]),
    /** Secret with `unseal-key`, and with `root-token` where that is stored. */
    credentialsSecret: z.string(),
  }),
  source: z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("azure-key-vault"),
      uri: z.url(),
      /** For sovereign clouds and private endpoints with an authority that Microsoft's instance discovery does not know. */
      disableInstanceDiscovery: z.boolean(),
      /** For vaults with a host name that does not match the challenge's resource. */
      disableChallengeResourceVerification: z.boolean(),
    }),
    z.strictObject({ type: z.literal("kubernetes-secret"), name: z.string(), key: z.string() }),
  ]),
  secrets: z.array(
    z.strictObject({
      name: z.string(),
      authority: z.enum(["external", "generated"]),
      /** Name in the source, prefix included; external only. */
      source: z.optional(z.string()),
      /** Path under the mount, without `data/`. */
      path: z.string(),
      required: z.boolean(),
      /** Written only where absent, and only where `fixturesAllowed`. */
      fixture: z.optional(z.string()),
      lengthInCharacters: z.optional(z.int()),
    }),
  ),
  /** Extra copies: a name in the source to a path under the mount (the seed's `mappedSecrets`). */
  mappedSecrets: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  /** ExternalSecrets, here and in other namespaces, that read what is carried: each syncs after a run that wrote a path of it. */
  deliveries: z.array(z.strictObject({ namespace: z.string(), name: z.string(), paths: z.array(z.string()) })),
  fixtures: z.strictObject({ values: z.array(z.string()), placeholders: z.array(z.string()) }),
  fixturesAllowed: z.boolean(),
  /** Whether an expired new value is refused. What Vault already has stays. */
  expiredRefused: z.boolean(),
  /** Whether an external name that holds an unmarked value, neither fixture nor placeholder, may be taken over. */
  claimUnmarked: z.boolean(),
  statusConfigMap: z.string(),
  /** Lease that keeps Jobs and CronJob from running side by side. */
  lease: z.string(),
  /** Bound on one run, in seconds; below the CronJob's period. */
  deadlineInSeconds: z.int(),
});

export type BootstrapConfig = z.infer<typeof bootstrapConfigSchema>;

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

const bootstrapSecretStatusSchema = z.readonly(
  z.object({
    name: z.string(),
    path: z.string(),
    outcome: z.enum(["written", "unchanged", "kept", "failed"]),
    /** Who owns it, what went wrong, or what is worth knowing of an unchanged one. */
    reason: z.exactOptional(z.string()),
    sourceVersion: z.exactOptional(z.string()),
    vaultVersion: z.exactOptional(z.number()),
    /** ISO 8601: when the value in the source expires. */
    expiresAt: z.exactOptional(z.string()),
    /** ISO 8601: when the last of its ExternalSecrets had synced what this run wrote. */
    deliveredAt: z.exactOptional(z.string()),
    /** The ExternalSecrets that did not, as `namespace/name: why`. */
    notDelivered: z.exactOptional(z.array(z.string())),
  }),
);

export type BootstrapSecretStatus = z.infer<typeof bootstrapSecretStatusSchema>;

export type BootstrapOutcome = BootstrapSecretStatus["outcome"];

/** Not strict: a status written by a later version may have more keys. */
const bootstrapStatusSchema = z.readonly(
  z.object({
    runId: z.string(),
    /** ISO 8601, UTC. */
    startedAt: z.string(),
    finishedAt: z.string(),
    /** The last run that ended with `ok`; kept over failing runs. */
    lastSuccessAt: z.exactOptional(z.string()),
    cause: z.enum(Object.keys(bootstrapExitCodes) as BootstrapCause[]),
    /** The phase that a failed run ended in. */
    phase: z.exactOptional(z.enum(bootstrapPhases)),
    message: z.exactOptional(z.string()),
    /** Secrets left out of `secrets` since a ConfigMap holds 1 MiB; unchanged ones go first. */
    omitted: z.exactOptional(z.number()),
    secrets: z.readonly(z.array(bootstrapSecretStatusSchema)),
  }),
);

/**
 * The ConfigMap `vault-bootstrap-status`: `data.status` holds this as JSON. Names, versions and times; no value.
 */
export type BootstrapStatus = z.infer<typeof bootstrapStatusSchema>;

/**
 * @param text - `data.status` of that ConfigMap, which anybody with the right may have edited.
 * @returns `undefined` if it is not a status.
 */
export function parseBootstrapStatus(text: string): BootstrapStatus | undefined {
  try {
    return bootstrapStatusSchema.safeParse(JSON.parse(text)).data;
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
