import type { EnvironmentName } from "./stage.ts";

/**
 * The whole chain of one environment, as names: what the catalogue and the settings come to. Pure data, no value in it.
 * Components, the guard, `render`, `graph` and `doctor` all read this and nothing else.
 */
export interface ChainPlan {
  readonly environment: EnvironmentName;
  /** The environment's own namespace, such as `ameide-dev`. */
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
  /** Written only where absent, and only in dev and local. A known public value, so it may stand in a ConfigMap. */
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
  /** Name of the ExternalSecret, such as `ghcr-pull-sync`. */
  readonly name: string;
  readonly namespace: string;
  /** Name of the Kubernetes Secret. */
  readonly target: string;
  readonly storeName: string;
  readonly type: "Opaque" | "kubernetes.io/dockerconfigjson";
  /** Key in the target -> what it is fetched from; for dockerconfigjson the keys `username` and `password`. */
  readonly keys: readonly { readonly secretKey: string; readonly secret: string; readonly vaultPath: string }[];
  /** dockerconfigjson only, such as `ghcr.io`. */
  readonly registry?: string;
  /** ServiceAccounts whose imagePullSecrets list the target; dockerconfigjson only. */
  readonly imagePullServiceAccounts: readonly string[];
  readonly refreshIntervalInSeconds: number;
  /**
   * Secrets that it needs and that nothing promises here: not required, not generated, no fixture. Until each has a
   * value the ExternalSecret cannot be Ready, so `up` must not wait for it. Left out where there is none.
   */
  readonly mayLackValue?: readonly string[];
}
