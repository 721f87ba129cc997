import type { BootstrapStatus } from "../domain/bootstrap-config.ts";
import type { Named } from "../clients/kubernetes.ts";
import type { clientPatcherCauses } from "./causes/client-patcher.ts";
import type { EnvironmentName } from "../domain/stage.ts";

/** Everything that was read of an environment. Plain JSON: names, times and messages; values only as {@link Fingerprint}. */
export interface Snapshot {
  readonly schema: 1;
  /** ISO 8601, UTC, by this machine's clock. */
  readonly takenAt: string;
  readonly tookInMilliseconds: number;
  readonly calls: Readonly<Record<"kubernetes" | "vault" | "azure", number>>;
  readonly environment: EnvironmentName;
  readonly namespace: string;
  /** Values of this workstation's `.env`, by their names in Key Vault, prefix included; `not-asked` where none were given. */
  readonly dotenv: Observed<readonly { readonly keyVaultName: string; readonly fingerprint: Fingerprint }[]>;
  readonly keyVault: Observed<readonly KeyVaultSecretState[]>;
  readonly identity: IdentityState;
  readonly bootstrap: BootstrapState;
  readonly vault: VaultServerState;
  /** By namespace and name; every store and ExternalSecret of the plan's namespaces, ours or not. */
  readonly stores: Observed<readonly StoreState[]>;
  readonly externalSecrets: Observed<readonly ExternalSecretState[]>;
  /** Every ExternalSecret of the cluster in a namespace that the plan does not reach. @default - not requested */
  readonly externalSecretsElsewhere?: Observed<readonly ExternalSecretState[]>;
  /** By namespace and name; every PushSecret of the plan's namespaces, ours or not. */
  readonly pushSecrets: Observed<readonly PushSecretState[]>;
  /** What the plan's namespaces have a warning of, as `Kind/name`; the warnings themselves are at stores and ExternalSecrets. */
  readonly warned: Observed<readonly string[]>;
  /** Targets of deliveries, and Secrets with ESO's label, of the plan's namespaces. */
  readonly secrets: Observed<readonly SecretState[]>;
  readonly serviceAccounts: Observed<readonly ServiceAccountState[]>;
  /** Newest first in each namespace. */
  readonly pods: Observed<readonly PodState[]>;
  readonly workloads: Observed<readonly WorkloadState[]>;
  /** Of namespaces that the plan does not reach. */
  readonly pullsElsewhere: Observed<readonly PullElsewhereState[]>;
  /** The Job that extracts Keycloak's client secrets, if there is one; another program owns it. */
  readonly clientPatcher: Observed<PatcherState>;
}

/** What a server answered, or why it did not. A part that was not requested is `not-asked`. */
export type Observed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export interface Failure {
  /** `unauthorized`: the login is refused (401). `throttled`: too many requests (429). `malformed`: not what it should be. */
  readonly kind:
    | "unreachable"
    | "unauthorized"
    | "forbidden"
    | "throttled"
    | "not-found"
    | "not-asked"
    | "failed"
    | "malformed";
  /** The server's own words, bounded; never a value. */
  readonly message: string;
  /** What was asked, such as `list secrets in ameide-dev`; for `forbidden` the right that is missing. */
  readonly asked: string;
}

/** A value's trace: equal digests within one snapshot are equal values. The key of the hash dies with the process. */
export interface Fingerprint {
  /** HMAC-SHA-256, first 16 hexadecimal digits; `-` for an empty value. */
  readonly digest: string;
  /** `template`: it contains `{{ ... }}`, which nothing rendered. */
  readonly looksLike: "value" | "sample" | "placeholder" | "fixture" | "template" | "empty";
  readonly lengthInCharacters: number;
}

export interface KeyVaultSecretState {
  /** Prefix included. */
  readonly name: string;
  readonly enabled: boolean;
  /** ISO 8601. Its value, its attributes or its tags: not always the value. */
  readonly updatedAt?: string;
  /** ISO 8601. Of the current version, hence of the value. */
  readonly createdAt?: string;
  readonly expiresAt?: string;
  /** The tag `managed-by`; whoever writes without one is not known. */
  readonly managedBy?: string;
  /** Only where values were asked for. */
  readonly version?: string;
  readonly fingerprint?: Fingerprint;
}

export interface IdentityState {
  readonly identity: Observed<{ readonly clientId: string; readonly principalId: string }>;
  readonly federatedCredentials: Observed<
    readonly {
      readonly name: string;
      readonly issuer: string;
      readonly subject: string;
      readonly audiences: readonly string[];
    }[]
  >;
  /** Of the identity, at the vault's scope or above. `role` is the role definition's GUID. */
  readonly roleAssignments: Observed<readonly { readonly role: string; readonly scope: string }[]>;
  /** As the cluster publishes it, in `/.well-known/openid-configuration`. */
  readonly clusterIssuer: Observed<string>;
}

export interface BootstrapState {
  readonly cronJob: Observed<CronJobState>;
  /** Jobs of the CronJob and of `up`, newest first. */
  readonly jobs: Observed<readonly JobState[]>;
  /** What the last run left in its ConfigMap; `not-found` before the first run. */
  readonly status: Observed<BootstrapStatus>;
  /** The end of the newest failed run's log, one line each; the bootstrap's logs hold no values. */
  readonly log: Observed<readonly string[]>;
  readonly credentialsSecret: Observed<CredentialsSecretState>;
}

export interface CredentialsSecretState {
  readonly exists: boolean;
  /** Whether it has a field `root-token`; the token itself is not kept. */
  readonly hasRootToken: boolean;
}

export interface CronJobState {
  readonly schedule: string;
  readonly suspended: boolean;
  readonly concurrencyPolicy: string;
  readonly createdAt: string;
  readonly lastScheduledAt?: string;
  readonly lastSucceededAt?: string;
  /** Environment of its container that is written out; AZURE_CLIENT_ID among it. No value of a secret is ever there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the pod template itself mounts a token for Azure, so that no webhook is needed. */
  readonly mountsAzureToken: boolean;
  readonly image: string;
}

export interface JobState {
  readonly name: string;
  readonly createdAt: string;
  readonly result: "running" | "succeeded" | "failed";
  /** Of the condition Failed, such as `DeadlineExceeded`. */
  readonly reason?: string;
}

export interface VaultPodState {
  readonly name: string;
  readonly state: "active" | "standby" | "sealed" | "uninitialised" | "unreachable";
  readonly why?: string;
}

export interface VaultServerState {
  readonly health: Observed<{
    readonly state: Exclude<VaultPodState["state"], "unreachable">;
    readonly version: string;
  }>;
  /** Each pod, where Vault has more than one. @default - it has one, or its pods cannot be asked from here */
  readonly pods?: Observed<readonly VaultPodState[]>;
  readonly authConfig: Observed<VaultAuthConfig>;
  readonly roles: Observed<readonly VaultRoleState[]>;
  /** Names of the policies that exist; `undefined` text where it may not be read. */
  readonly policies: Observed<readonly { readonly name: string; readonly text?: string }[]>;
  /** The ClusterRoleBinding to `system:auth-delegator`: `namespace/name` of its subjects. */
  readonly tokenReviewers: Observed<readonly string[]>;
  /** One entry for each path that was asked for: those of the plan and of Keycloak's clients. */
  readonly secrets: Observed<readonly VaultSecretState[]>;
  /** Why no values are known although they were requested. @default - they are known, or were not requested */
  readonly unreadData?: Failure;
}

/** As Vault answers `auth/<mount>/config`; it never gives the reviewer's token back, only whether there is one. */
export interface VaultAuthConfig {
  readonly kubernetesHost: string;
  readonly disableLocalCaJwt: boolean;
  readonly disableIssValidation: boolean;
  readonly tokenReviewerJwtSet: boolean;
  readonly hasCa: boolean;
}

export interface VaultRoleState {
  readonly name: string;
  readonly serviceAccounts: readonly string[];
  readonly namespaces: readonly string[];
  readonly audience: string;
}

export interface VaultSecretState {
  readonly path: string;
  /** `absent`: never written; `deleted`: the current version was. */
  readonly state: "live" | "deleted" | "absent";
  readonly version: number;
  readonly writtenAt?: string;
  readonly customMetadata: Readonly<Record<string, string>>;
  /** Only where values were asked for and may be read. */
  readonly fingerprint?: Fingerprint;
  /** Whether the data has the one field `value` that every ExternalSecret asks for; only where data was read. */
  readonly hasValueField?: boolean;
}

export interface ConditionState {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The newest warning of an object: ESO says the cause there and not in the condition. */
export interface WarningState extends Omit<ConditionState, "status"> {
  readonly at: string;
}

export interface StoreState extends Named {
  readonly server: string;
  readonly role: string;
  readonly serviceAccount: string;
  readonly audiences: readonly string[];
  readonly ready?: ConditionState;
  readonly warning?: WarningState;
}

export interface ExternalSecretState extends Named {
  readonly target: string;
  /** Kind of that object, which `target.manifest` sets since 2.x. @default - a Secret */
  readonly targetKind?: string;
  /** Only `Owner` has the target owned by the ExternalSecret. @default - Owner */
  readonly creationPolicy?: string;
  readonly storeName: string;
  readonly remoteKeys: readonly string[];
  /** ISO 8601 of the last sync that ended well. */
  readonly refreshedAt?: string;
  /** Opaque; ESO sets a new one with the first good sync after any change of spec, labels or annotations. */
  readonly syncedVersion?: string;
  /** 0: it never syncs on its own. */
  readonly refreshIntervalInSeconds: number;
  readonly createdAt: string;
  readonly ready?: ConditionState;
  readonly warning?: WarningState;
}

/** A PushSecret reads Secrets and writes their keys to stores. */
export interface PushSecretState extends Named {
  /** The Secret that it reads, by name. @default - by label, or what a generator creates */
  readonly secret?: string;
  /** Labels of the Secrets that it reads. @default - by name, or by other expressions */
  readonly labels?: Readonly<Record<string, string>>;
  /** Paths that it writes. `dataTo` (since 2.x) writes a path of its own for each key, and names none of them. */
  readonly paths: readonly string[];
}

export interface SecretState extends Named {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Controller that owns it, as `Kind/name`. */
  readonly owner?: string;
  readonly changedAt?: string;
  /** For a dockerconfigjson, `username` and `password` of its one registry in addition to `.dockerconfigjson`. */
  readonly keys: Readonly<Record<string, Fingerprint>>;
}

export interface ServiceAccountState extends Named {
  readonly imagePullSecrets: readonly string[];
}

export interface PodState extends Named {
  readonly phase: string;
  /** Whether it was deleted and has not ended yet. @default - false */
  readonly isEnding?: true;
  /** Of the container that has run longest; of the pod where none runs. */
  readonly startedAt?: string;
  readonly createdAt: string;
  readonly imagePullSecrets: readonly string[];
  /** `Kind/name` of its controller. */
  readonly owner?: string;
  /** Reason and message of the condition PodScheduled while it is false. */
  readonly unschedulable?: string;
  /** Says what a container's state does not, such as a volume that cannot be mounted. */
  readonly warning?: WarningState;
  readonly containers: readonly ContainerStateSummary[];
  readonly secrets: readonly SecretUse[];
}

export interface ContainerStateSummary {
  readonly name: string;
  readonly image: string;
  /** Such as `ImagePullBackOff`; of `waiting` or `terminated`. */
  readonly reason?: string;
  readonly message?: string;
}

/** A pod that cannot pull from our registry, since its namespace lacks the pull secret that it names as we name ours. */
export interface PullElsewhereState {
  readonly namespace: string;
  readonly pod: string;
  readonly image: string;
  /** Of the container that waits, such as `ImagePullBackOff`. */
  readonly reason: string;
  readonly pullSecret: string;
  /** Whether that was seen; false where we may not look at Secrets there. */
  readonly isSecretAbsent: boolean;
}

export interface SecretUse {
  readonly secret: string;
  /**
   * Environment variables are read once, at the start. The files of a volume follow the Secret within a minute or two, but
   * kubelet never updates those that are mounted by `subPath` or `subPathExpr`. `push`: a PushSecret reads and follows it.
   *
   * @see https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath
   */
  readonly by: "environment" | "volume" | "sub-path" | "image-pull" | "push";
}

/** Deployments, StatefulSets, DaemonSets and CronJobs: what a consumer is to people. */
export interface WorkloadState extends Named {
  readonly kind: string;
  readonly secrets: readonly SecretUse[];
  /** Secrets that make Reloader restart it when they change. */
  readonly reloads: readonly string[];
}

export interface PatcherState {
  readonly result: JobState["result"];
  /** The causes that its log speaks for; the log itself is another program's and stays where it is. */
  readonly symptoms: readonly Extract<keyof typeof clientPatcherCauses, `patcher-${string}`>[];
  /** Why its log, and so its symptoms, could not be read. @default - it was read, or there was none to read */
  readonly unseenLog?: Failure;
}

export function describeFailure({ asked, message }: Failure): string {
  return `could not be checked: ${asked}: ${message}`;
}

export function valuesOf<T>(part: Observed<readonly T[]>): readonly T[] {
  return part.ok ? part.value : [];
}

export function failuresOf(...parts: readonly Observed<unknown>[]): readonly Failure[] {
  return parts.filter((part) => !part.ok).map(({ failure }) => failure);
}

/** The object of a namespace and name; `undefined` also if the part could not be read. */
export function named<T extends Named>(part: Observed<readonly T[]>, { namespace, name }: Named): T | undefined {
  return valuesOf(part).find((one) => one.namespace === namespace && one.name === name);
}
