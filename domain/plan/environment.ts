import type { AzureSettings } from "./azure-settings.ts";
import type { EnvironmentSettings, VaultSettings } from "./settings.ts";
import type { BootstrapConfig } from "../bootstrap-config.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Finding } from "../finding.ts";
import type { Redacted } from "../redacted.ts";
import type { EnvironmentName } from "../stage.ts";

/** How strict one environment is: the contents of `environments/<name>.ts`, reviewed as code. */
export interface Strictness {
  /** How values get into Key Vault: as resources, or by `ameide-secrets env push`. */
  readonly values: "state" | "data-plane";
  /** Who applies the Kubernetes objects: this program, or ArgoCD from `render`'s output. */
  readonly delivery: "pulumi" | "gitops";
  readonly source: "azure-key-vault" | "kubernetes-secret";
  readonly initialise: boolean;
  readonly unseal: "from-secret" | "kms" | "manual";
  readonly rootToken: "stored" | "revoked";
  /** `outside-pod`, `local` only: Vault runs outside the cluster, so consumers review their own tokens. */
  readonly vaultAuth: "in-cluster" | "outside-pod";
  readonly fixturesAllowed: boolean;
  readonly expiredValues: "warn" | "refuse";
  /** `protect` and `retainOnDelete` on what holds values. */
  readonly protect: boolean;
  readonly admission: "off" | "audit" | "warn" | "deny";
  /** Before the spread by a stable hash; at least 60. */
  readonly refreshIntervalInSeconds: number;
  /** Divides 60: cron's `*\/N` is even only then. */
  readonly bootstrapIntervalInMinutes: 1 | 2 | 3 | 4 | 5 | 6 | 10 | 12 | 15 | 20 | 30;
  readonly maxVersions: number;
  readonly tokenTtlInSeconds: number;
  /** Whether the program creates the namespaces; they exist already everywhere but in `local`. */
  readonly makesNamespaces: boolean;
}

/** Everything that the program uses of Azure; names, not resources. */
export type AzureTarget = Readonly<Omit<AzureSettings, "sku">> & {
  readonly sku?: AzureSettings["sku"];
  /** Such as `https://ameidekv.vault.azure.net/`. */
  readonly keyVaultUri: string;
  /** Only where the cloud is not Azure's public one, `local` among them; goes into the pod as AZURE_AUTHORITY_HOST. */
  readonly authorityHost?: string;
};

/** One federated credential, as named over all environments. */
export interface FederatedSubject {
  readonly environment: EnvironmentName;
  readonly name: string;
  readonly issuer: string;
  /** Such as `system:serviceaccount:ameide-dev:foundation-vault-bootstrap-vault-bootstrap`. */
  readonly subject: string;
  readonly audience: "api://AzureADTokenExchange";
}

/** Name of a resource in the program -> the id by which its provider knows what is there already. */
export type Adopted = Readonly<Record<string, string>>;

export interface SharedStack {
  readonly kind: "shared";
  /** As set; left out means `env-`. Part of every Key Vault name. */
  readonly secretPrefix?: string;
  readonly azure: AzureTarget;
  readonly protect: boolean;
  /** @default - nothing */
  readonly adopt?: Adopted;
  readonly values: Strictness["values"];
  /** Key Vault name -> value; empty in `data-plane`. Absent names are kept, never deleted. */
  readonly keyVaultSecrets: ReadonlyMap<string, Redacted>;
  /** Over all environments: the cap of 20 and equal subjects are judged on these. */
  readonly federatedSubjects: readonly FederatedSubject[];
  readonly findings: readonly Finding[];
}

/** A CA as PEM text, or an object that has it in every namespace with a store. */
export type VaultCa = { readonly pem: string } | NonNullable<VaultSettings["caFrom"]>;

/** One environment's stack, ready to be registered. `local` carries the shared part as well. */
export interface EnvironmentStack {
  readonly kind: "environment";
  readonly name: EnvironmentName;
  readonly secretPrefix?: string;
  readonly namespace: string;
  readonly strictness: Strictness;
  readonly azure: AzureTarget;
  readonly adopt?: Adopted;
  readonly shared?: SharedStack;
  readonly federated: FederatedSubject;
  readonly cluster: EnvironmentSettings["cluster"];
  readonly vault: Pick<VaultSettings, "namespace" | "mount" | "authMount" | "githubLogin"> & {
    readonly address: string;
    /** How this machine reaches it; where the setting leaves it out, as the entry file says (VAULT_ADDR), else by a port-forward. */
    readonly operatorAddress: string;
    /** CA of Vault's certificate, as pods get it. @default - the public CAs */
    readonly podCa?: VaultCa;
    /** The same on this machine: `file` as the provider gets it, `pem` its text. @default - the public CAs */
    readonly operatorCa?: { readonly file?: string; readonly pem: string };
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

/** The pipeline of one environment as names, without a value. Everything else reads this and nothing else. */
export interface ChainPlan {
  readonly environment: EnvironmentName;
  readonly namespace: string;
  /** What vault-bootstrap carries into Vault: every `external` and `generated` secret of this environment. */
  readonly secrets: readonly PlannedSecret[];
  /** One SecretStore per namespace that receives anything; the environment's own first. */
  readonly stores: readonly PlannedStore[];
  /** One ExternalSecret per target and namespace. */
  readonly deliveries: readonly PlannedDelivery[];
  /** KV v2 paths that the policy `keycloak-client-patcher` may write: the declared Keycloak clients' keys. */
  readonly patcherPaths: readonly string[];
}

export interface PlannedSecret {
  /** The catalogue's name, such as `ghcr-token`. */
  readonly name: string;
  readonly authority: "external" | "generated";
  /** The variable in `.env`; external only. */
  readonly variable?: string;
  /** Key Vault secret name, prefix included; external only. */
  readonly keyVaultName?: string;
  /** Path under the KV v2 mount, without `data/`, such as `ghcr-token`. */
  readonly vaultPath: string;
  /** Whether the bootstrap fails, before it writes anything, when the source lacks it. */
  readonly required: boolean;
  /** Written only where absent, and only in dev and local. A known public value, so it may be in a ConfigMap. */
  readonly fixture?: string;
  /** Characters to generate; `generated` only. */
  readonly lengthInCharacters?: number;
}

export interface PlannedStore {
  readonly name: string;
  readonly namespace: string;
  /** Vault role that the store logs in with, bound to exactly this ServiceAccount in this namespace. */
  readonly role: string;
  readonly policy: string;
  readonly serviceAccount: string;
  /** Every KV path that the catalogue lets this namespace read, whoever delivers it; sorted. */
  readonly readablePaths: readonly string[];
}

export interface PlannedDelivery {
  /** Name of the ExternalSecret, such as `ghcr-pull-sync`; of its Secret in `target`. */
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly storeName: string;
  readonly type: "Opaque" | "kubernetes.io/dockerconfigjson";
  /** Key in the target -> what it is fetched from; for dockerconfigjson the keys `username` and `password`. */
  readonly keys: readonly { readonly secretKey: string; readonly secret: string; readonly vaultPath: string }[];
  /** dockerconfigjson only, such as `ghcr.io`. */
  readonly registry?: string;
  /** ServiceAccounts that list the target in imagePullSecrets; dockerconfigjson only. */
  readonly imagePullServiceAccounts: readonly string[];
  readonly refreshIntervalInSeconds: number;
  /** External secrets that may have no value (not required, no fixture): `up` does not wait for it. @default - none */
  readonly mayLackValue?: readonly string[];
}
