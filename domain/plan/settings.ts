import { z } from "zod";
import { azureSettings } from "./azure-settings.ts";

/**
 * *Where* things are: the one object `ameide-secrets:settings` of a stack file. *How strict* is in `environments/<name>.ts`.
 * Unknown keys are errors, and all mistakes are reported at once. Editors and `docs/settings.md` show the descriptions.
 */
const url = z.url({ protocol: /^https?$/ });
/** A path in Vault, or one of its namespaces. */
const vaultPath = z.string().regex(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/, "use a path without slashes at its ends");
const namespace = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "use a DNS label");

const adopt = z
  .record(z.string(), z.string().min(1))
  .default({})
  .describe(
    "what existed before this program and is adopted unchanged: the name of a resource in the program, and its id at the provider; preview prints each entry",
  );

const secretPrefix = z
  .string()
  .regex(/^[a-z0-9-]*$/, "use a-z, 0-9 and hyphens")
  .optional()
  .describe('prefix of every name in Key Vault; not set means `env-`, `""` means none');

export const sharedSettings = z.strictObject({ azure: azureSettings, adopt, secretPrefix });

const cluster = z.strictObject({
  kubeconfig: z
    .string()
    .exactOptional()
    .describe("path of the kubeconfig; by default KUBECONFIG's, or `~/.kube/config`"),
  context: z.string().describe("its context, pinned: no command uses the cluster that happens to be current"),
  oidcIssuer: url.describe("the AKS cluster's OIDC issuer, exactly as `az aks show` prints it"),
  argocdApplications: z
    .array(z.string().min(1))
    .exactOptional()
    .describe(
      "with `delivery: gitops`, the ArgoCD applications that apply what `render` writes, as `argocd.argoproj.io/tracking-id` names them: they may replace what they apply today. Unless set, ArgoCD may only track objects that came from `render`",
    ),
});

const vault = z.strictObject({
  address: url
    .optional()
    .describe(
      "how pods reach Vault; by default `http://vault-core-<env>.ameide-<env>.svc.cluster.local:8200`, `https` with a CA",
    ),
  operatorAddress: url
    .optional()
    .describe(
      "how this machine reaches Vault; by default VAULT_ADDR if VAULT_TOKEN is set too, otherwise a port-forward that each command opens and closes",
    ),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "PEM file with the CA of Vault's certificate, relative to the repository; stores, vault-bootstrap, the provider and the command line trust it. By default they trust the public CAs",
    ),
  caFrom: z
    .strictObject({
      kind: z
        .enum(["ConfigMap", "Secret"])
        .describe(
          "kind of an object with that CA in every namespace that has a store, such as one that trust-manager writes; stores and vault-bootstrap read it in place of `caFile`, and the provider and the command line still need `caFile` or VAULT_CACERT",
        ),
      name: z.string().min(1).describe("its name"),
      key: z.string().min(1).describe("its key that has the PEM text, such as `ca.crt`"),
    })
    .optional(),
  namespace: vaultPath
    .optional()
    .describe(
      "namespace of Vault Enterprise or OpenBao, such as `platform/dev`; it must exist, and all mounts, roles and policies are created in it. By default the root namespace",
    ),
  mount: vaultPath.default("secret").describe("path of the KV v2 engine"),
  authMount: vaultPath.default("kubernetes").describe("path of the Kubernetes auth method"),
  githubLogin: z
    .strictObject({
      repository: z
        .string()
        .regex(/^[\w.-]+\/[\w.-]+$/, "use owner/name")
        .describe(
          "repository with GitHub Actions jobs that log in to Vault without a stored token: as ameide-secrets-deployer in the GitHub environment `<env>`, as ameide-secrets-auditor, which only reads, in `<env>-plan`",
        ),
      repositoryId: z
        .string()
        .regex(/^\d+$/, "use the number that `gh api repos/<owner>/<name> --jq .id` prints, in quotes")
        .optional()
        .describe(
          "its number, which a later repository of the same name does not have; by default only the name is checked",
        ),
      ref: z
        .string()
        .regex(/^refs\/(?:heads|tags)\/[^\s*?,]+$/, "use a full ref without wildcards, such as refs/heads/main")
        .default("refs/heads/main")
        .describe("the only ref that may deploy"),
      issuer: z
        .url({ protocol: /^https$/ })
        .default("https://token.actions.githubusercontent.com")
        .describe(
          "issuer of the jobs' tokens, which Vault must reach; `https://<host>/_services/token` on GitHub Enterprise Server",
        ),
    })
    .optional(),
  kubernetesNamespace: namespace
    .optional()
    .describe("namespace of the cluster that Vault runs in; by default `ameide-<env>`"),
  statefulSet: z
    .string()
    .min(1)
    .optional()
    .describe("Vault's StatefulSet; its pods are `<name>-0` and so on. By default `vault-core-<env>`"),
  serviceAccount: z
    .string()
    .min(1)
    .optional()
    .describe("Vault's own ServiceAccount, which reviews tokens; by default it has the name of the StatefulSet"),
});

export type VaultSettings = z.infer<typeof vault>;

export const environmentSettings = z.strictObject({
  cluster,
  vault: vault.default({ mount: "secret", authMount: "kubernetes" }),
  adopt,
  additionalNamespaces: z
    .array(namespace)
    .default([])
    .describe("namespaces that have a store in addition to the environment's own (document 451's `extraSecretStores`)"),
  registry: z
    .strictObject({
      additionalNamespaces: z.array(namespace).default([]).describe("namespaces that receive the pull secret as well"),
    })
    .default({ additionalNamespaces: [] }),
  bootstrap: z
    .strictObject({
      image: z
        .string()
        .regex(/^[^@\s]+@sha256:[0-9a-f]{64}$/, "use repository@sha256:<64 hex digits>")
        .optional()
        .describe(
          "container image of vault-bootstrap, as `repository@sha256:<64 hex digits>`; by default a public Node image, pinned",
        ),
      runId: z.string().optional().describe("any new value makes the `-sync` Job run again"),
      mappedSecrets: z
        .array(z.strictObject({ from: z.string(), to: z.string() }))
        .default([])
        .describe("extra copies in Vault: `from` an external secret of the catalogue `to` a path under the mount"),
      claimUnmarked: z
        .boolean()
        .default(false)
        .describe(
          "overwrite values in Vault that do not have our metadata and differ from the source; for one run, see moving in",
        ),
    })
    .default({ mappedSecrets: [], claimUnmarked: false }),
});

/** `local` is all of it in one stack, on one machine; its addresses follow from one number. */
export const localSettings = z.strictObject({
  azure: azureSettings,
  adopt,
  secretPrefix,
  additionalNamespaces: environmentSettings.shape.additionalNamespaces,
  registry: environmentSettings.shape.registry,
  bootstrap: environmentSettings.shape.bootstrap,
  portBase: z
    .int()
    .min(1024)
    .max(65_500)
    .default(28_200)
    .describe("first of ten loopback ports; `--port-base` overrides it"),
});

export type SharedSettings = z.infer<typeof sharedSettings>;
export type EnvironmentSettings = z.infer<typeof environmentSettings>;
export type LocalSettings = z.infer<typeof localSettings>;
