import { z } from "zod";

/**
 * *Where*: the one object `ameide-secrets:settings` of a stack file. *How strict* stands in `environments/<name>.ts`.
 * Unknown keys are refused, and all mistakes are told at once.
 */
const guid = z.guid();
const url = z.url({ protocol: /^https?$/ });
const namespace = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "use a DNS label");

export const azureSettings = z.strictObject({
  tenantId: guid,
  subscriptionId: guid,
  location: z.string().default("westeurope"),
  resourceGroup: z.string().default("Ameide"),
  /** Globally unique, 3 to 24 letters, digits or single hyphens (Azure's own bounds). */
  keyVault: z
    .string()
    .regex(/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/, "use 3 to 24 letters, digits or single hyphens")
    .default("ameidekv"),
  identity: z.string().default("ameide-vault-bootstrap-mi"),
  /** Brings back a Key Vault that was deleted by other means, from its soft delete; to be set for that one update. */
  recover: z.boolean().optional(),
});

/** What was there before this program: name of the resource in it -> the id by which its provider knows it. */
const adopt = z.record(z.string(), z.string().min(1)).default({});

export const sharedSettings = z.strictObject({
  azure: azureSettings,
  adopt,
  /** Not set means `env-`, `""` means no prefix; part of every Key Vault name. */
  secretPrefix: z
    .string()
    .regex(/^[a-z0-9-]*$/, "use a-z, 0-9 and hyphens")
    .optional(),
});

const cluster = z.strictObject({
  /** Path; @default - KUBECONFIG's or `~/.kube/config`. */
  kubeconfig: z.string().optional(),
  /** Pinned, so that no command ever meets the cluster that happens to be current. */
  context: z.string(),
  /** The AKS cluster's OIDC issuer, to the letter. */
  oidcIssuer: url,
});

const vault = z.strictObject({
  /** How pods reach it. @default - `http://vault-core-<env>.ameide-<env>.svc.cluster.local:8200` */
  address: url.optional(),
  /** How this machine reaches it. @default - a port-forward that the command line opens and closes itself. */
  operatorAddress: url.optional(),
  /** Vault's ServiceAccount, which reviews tokens. @default - `vault-core-<env>` */
  serviceAccount: z.string().optional(),
});

export const environmentSettings = z.strictObject({
  cluster,
  vault: vault.default({}),
  adopt,
  /** Namespaces that receive secrets beside the environment's own (the seed's `extraSecretStores`). */
  additionalNamespaces: z.array(namespace).default([]),
  registry: z
    .strictObject({ additionalNamespaces: z.array(namespace).default([]) })
    .default({ additionalNamespaces: [] }),
  bootstrap: z
    .strictObject({
      /** `repository@sha256:<64 hex digits>`. @default - a public Node image, pinned */
      image: z
        .string()
        .regex(/^[^@\s]+@sha256:[0-9a-f]{64}$/, "use repository@sha256:<64 hex digits>")
        .optional(),
      /** Any new value makes the `-sync` Job run once more. */
      runId: z.string().optional(),
      /** Extra copies in Vault: `from` an external secret of the catalogue `to` a path under the mount. */
      mappedSecrets: z.array(z.strictObject({ from: z.string(), to: z.string() })).default([]),
      claimUnmarked: z.boolean().default(false),
    })
    .default({ mappedSecrets: [], claimUnmarked: false }),
});

/** `local` is all of it in one stack, on one machine; its addresses follow from one number. */
export const localSettings = z.strictObject({
  azure: azureSettings,
  secretPrefix: z
    .string()
    .regex(/^[a-z0-9-]*$/, "use a-z, 0-9 and hyphens")
    .optional(),
  additionalNamespaces: environmentSettings.shape.additionalNamespaces,
  registry: environmentSettings.shape.registry,
  bootstrap: environmentSettings.shape.bootstrap,
  /** First of ten loopback ports. */
  portBase: z.int().min(1024).max(65_500).default(28_200),
});

export type AzureSettings = z.infer<typeof azureSettings>;
export type SharedSettings = z.infer<typeof sharedSettings>;
export type EnvironmentSettings = z.infer<typeof environmentSettings>;
export type LocalSettings = z.infer<typeof localSettings>;
