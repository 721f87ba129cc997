import type { BootstrapConfig } from "../bootstrap-config.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Finding } from "../finding.ts";
import type { ChainPlan } from "../plan.ts";
import type { Redacted } from "../redacted.ts";
import type { EnvironmentName } from "../stage.ts";

/** How strict one environment is: what stands in `environments/<name>.ts`, reviewed as code. */
export interface Strictness {
  /** How values travel into Key Vault: as resources of this program, or by `ameide-secrets env push`. */
  readonly values: "state" | "data-plane";
  /** Who applies the Kubernetes objects: this program, or ArgoCD from `render`'s output. */
  readonly delivery: "pulumi" | "gitops";
  readonly source: "azure-key-vault" | "kubernetes-secret";
  /** Whether the bootstrap may initialise a Vault that never was. */
  readonly initialise: boolean;
  readonly unseal: "from-secret" | "kms" | "manual";
  /** Whether vault-bootstrap stores the root token that it gets when it initialises Vault, or revokes it. */
  readonly rootToken: "stored" | "revoked";
  /** `outside-pod`: Vault runs beside the cluster, so consumers review their own tokens; a deviation, `local` only. */
  readonly vaultAuth: "in-cluster" | "outside-pod";
  readonly fixturesAllowed: boolean;
  /** `protect` and `retainOnDelete` on what holds values. */
  readonly protect: boolean;
  readonly admission: "off" | "audit" | "warn" | "deny";
  /** Before the spread by a stable hash; at least 60. */
  readonly refreshIntervalInSeconds: number;
  /** Divides 60: cron's `*\/N` is even only then. */
  readonly bootstrapIntervalInMinutes: 1 | 2 | 3 | 4 | 5 | 6 | 10 | 12 | 15 | 20 | 30;
  /** Versions that KV v2 keeps of each secret. */
  readonly maxVersions: number;
  readonly tokenTtlInSeconds: number;
  /** Whether the program makes the namespaces; they exist already everywhere but in `local`. */
  readonly makesNamespaces: boolean;
}

/** Everything that the program uses of Azure; names, not resources. */
export interface AzurePlace {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly resourceGroup: string;
  readonly keyVault: string;
  /** Such as `https://ameidekv.vault.azure.net/`. */
  readonly keyVaultUri: string;
  readonly identity: string;
  /** Price tier of the Key Vault. @default "standard" */
  readonly sku?: "standard" | "premium";
  /** Who may reach the Key Vault. @default - every network */
  readonly network?: KeyVaultNetwork | undefined;
  /** Of every resource in Azure that can have them. @default - none */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Whether the vault is brought back from soft delete instead of made. @default false */
  readonly recover?: boolean | undefined;
  /** Only where the cloud is not Azure's public one, `local` among them; goes into the pod as AZURE_AUTHORITY_HOST. */
  readonly authorityHost?: string;
  /** PEM of a CA that pods must trust beside Node's own; `local`, and networks whose proxy terminates TLS. */
  readonly extraCaPem?: string | undefined;
}

/** A Key Vault that refuses every network but these. Without public access it has neither addresses nor subnets. */
export interface KeyVaultNetwork {
  readonly publicAccess: boolean;
  /** IPv4 ranges, such as `20.1.2.3/32`. */
  readonly addresses: readonly string[];
  /** Ids in lower case, as Azure returns them. */
  readonly subnets: readonly string[];
  /** Whether Microsoft's trusted services are let in as well. */
  readonly trustedServices: boolean;
}

/** One federated credential, as named over all environments. */
export interface FederatedSubject {
  readonly environment: EnvironmentName;
  /** Such as `vault-bootstrap-dev`. */
  readonly name: string;
  readonly issuer: string;
  /** Such as `system:serviceaccount:ameide-dev:foundation-vault-bootstrap-vault-bootstrap`. */
  readonly subject: string;
  readonly audience: "api://AzureADTokenExchange";
}

/** Name of a resource in the program -> the id by which its provider knows what is there already. */
export type Adopted = Readonly<Record<string, string>>;

/** The `shared` stack, ready to be registered. */
export interface SharedStack {
  readonly kind: "shared";
  /** As set; left out means `env-`. Part of every Key Vault name. */
  readonly secretPrefix?: string;
  readonly azure: AzurePlace;
  readonly protect: boolean;
  /** What was there before this program and is taken over as it is. @default - nothing */
  readonly adopt?: Adopted;
  readonly values: Strictness["values"];
  /** Key Vault name -> value; empty in `data-plane`. Absent names are kept, never deleted. */
  readonly keyVaultSecrets: ReadonlyMap<string, Redacted>;
  /** Over all environments: the cap of 20 and equal subjects are judged on these. */
  readonly federatedSubjects: readonly FederatedSubject[];
  readonly findings: readonly Finding[];
}

/** A repository whose jobs log in to Vault with the tokens that GitHub issues to them. */
export interface GithubLogin {
  /** Such as `https://token.actions.githubusercontent.com`; a GitHub Enterprise Server has its own. */
  readonly issuer: string;
  /** Such as `ameideio/ameide-secrets`. */
  readonly repository: string;
  /** Its number, which a later repository of the same name does not have. @default - only the name is checked */
  readonly repositoryId?: string | undefined;
  /** The one ref that deploys, such as `refs/heads/main`. */
  readonly ref: string;
}

/** A CA as PEM text, or an object that has it in every namespace with a store. */
export type VaultCa =
  | { readonly pem: string }
  | { readonly kind: "ConfigMap" | "Secret"; readonly name: string; readonly key: string };

/** One environment's stack, ready to be registered. `local` carries the shared part as well. */
export interface EnvironmentStack {
  readonly kind: "environment";
  readonly name: EnvironmentName;
  /** The shared stack's, as set; left out means `env-`. */
  readonly secretPrefix?: string;
  readonly namespace: string;
  readonly strictness: Strictness;
  readonly azure: AzurePlace;
  /** See SharedStack. */
  readonly adopt?: Adopted;
  /** In `local` only: the shared stack's part, in the same stack. */
  readonly shared?: SharedStack;
  readonly federated: FederatedSubject;
  readonly cluster: {
    readonly kubeconfig?: string;
    readonly context: string;
    readonly oidcIssuer: string;
    /** ArgoCD's applications that apply what `render` writes. @default - not named */
    readonly argocdApplications?: readonly string[];
  };
  readonly vault: {
    /** How pods reach it. */
    readonly address: string;
    /** How this machine reaches it; where the setting leaves it out, as the entry file says (VAULT_ADDR), else by a port-forward. */
    readonly operatorAddress: string;
    /** Namespace of Vault Enterprise or OpenBao, such as `platform/dev`. @default - the root namespace */
    readonly namespace?: string;
    /** CA of Vault's certificate, as pods get it. @default - the public CAs */
    readonly podCa?: VaultCa;
    /** The same on this machine: `file` as the provider gets it, `pem` its text. @default - the public CAs */
    readonly operatorCa?: { readonly file?: string; readonly pem: string };
    /** Path of the KV v2 engine, such as `secret`. */
    readonly mount: string;
    /** Path of the Kubernetes auth method, such as `kubernetes`. */
    readonly authMount: string;
    /** How jobs of GitHub Actions log in without a stored token. @default - they cannot */
    readonly githubLogin?: GithubLogin;
    /** Namespace and name of Vault's StatefulSet; its pods are `<name>-0` and so on. */
    readonly statefulSet: { readonly namespace: string; readonly name: string };
    /** Namespace and name of the Vault server's ServiceAccount, which reviews tokens. */
    readonly serviceAccount: { readonly namespace: string; readonly name: string };
    /** As Vault sees the API server; `https://kubernetes.default.svc` but in `outside-pod`. */
    readonly kubernetesHost: string;
    /** PEM; `outside-pod` only. */
    readonly kubernetesCaPem?: string;
  };
  readonly catalogue: Catalogue;
  readonly plan: ChainPlan;
  readonly bootstrap: {
    /** Also the name of ServiceAccount and CronJob: `foundation-vault-bootstrap-vault-bootstrap`. */
    readonly name: string;
    readonly image: string;
    /** Text of the one-file bundle; the same bytes from the same sources. */
    readonly bundle: string;
    readonly config: BootstrapConfig;
    readonly runId?: string;
  };
  /** Every finding of `.env`, settings and catalogue that did not stop the load. */
  readonly findings: readonly Finding[];
}

export type StackPlan = SharedStack | EnvironmentStack;
