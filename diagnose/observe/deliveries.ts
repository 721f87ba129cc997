import { mapBounded } from "../../clients/pacing.ts";
import type {
  ExternalSecretState,
  Fingerprint,
  Observed,
  PushSecretState,
  SecretState,
  ServiceAccountState,
  StoreState,
  WarningState,
} from "../snapshot.ts";
import type { KubernetesReader } from "./access.ts";
import { listAll } from "../../clients/kubernetes.ts";
import { changedAt, conditionOf, ownerOf, type ConditionObject, type ObjectMetadata } from "./kubernetes-list.ts";
import { observed } from "./observed.ts";

const group = "/apis/external-secrets.io/v1";
const ours = "app.kubernetes.io/managed-by=external-secrets";
const readsAtOnce = 16;

/** Newest warning of each object of a namespace, by `Kind/name`. */
export type Warnings = ReadonlyMap<string, WarningState>;

/** Warnings of one namespace; without them the cause of many failures is not to be seen, but nothing else is missing. */
export function observeWarnings(kubernetes: KubernetesReader, namespace: string): Promise<Observed<Warnings>> {
  return observed(`list events in ${namespace}`, () => readWarnings(kubernetes, namespace));
}

async function readWarnings(kubernetes: KubernetesReader, namespace: string): Promise<Warnings> {
  const events = await listAll<{
    involvedObject: { kind: string; name: string };
    reason?: string;
    message?: string;
    lastTimestamp?: string | null;
    eventTime?: string | null;
    metadata: ObjectMetadata;
  }>(kubernetes, `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent("type=Warning")}`);
  const newest = new Map<string, WarningState>();
  for (const { involvedObject, reason = "", message = "", lastTimestamp, eventTime, metadata } of events) {
    const key = `${involvedObject.kind}/${involvedObject.name}`;
    const at = lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";
    const before = newest.get(key);
    if (before === undefined || Date.parse(before.at) <= Date.parse(at))
      newest.set(key, { reason, message: message.replaceAll(/\s+/g, " "), at });
  }
  return newest;
}

interface StoreObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly provider: {
      readonly vault?: {
        readonly server?: string;
        readonly auth?: {
          readonly kubernetes?: {
            readonly role?: string;
            readonly serviceAccountRef?: { readonly name: string; readonly audiences?: readonly string[] };
          };
        };
      };
    };
  };
  readonly status?: { readonly conditions?: readonly ConditionObject[] };
}

export function observeStores(
  kubernetes: KubernetesReader,
  namespace: string,
  warnings: Warnings,
): Promise<Observed<readonly StoreState[]>> {
  return observed(`list secretstores in ${namespace}`, async () => {
    const stores = await listAll<StoreObject>(kubernetes, `${group}/namespaces/${namespace}/secretstores`);
    return stores.map(({ metadata: { name }, spec, status }) => {
      const { server = "", auth } = spec.provider.vault ?? {};
      const { role = "", serviceAccountRef } = auth?.kubernetes ?? {};
      const ready = conditionOf(status?.conditions, "Ready");
      const warning = warnings.get(`SecretStore/${name}`);
      return {
        namespace,
        name,
        server,
        role,
        serviceAccount: serviceAccountRef?.name ?? "",
        audiences: serviceAccountRef?.audiences ?? [],
        ...(ready === undefined ? {} : { ready }),
        ...(warning === undefined ? {} : { warning }),
      };
    });
  });
}

export interface ExternalSecretObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly refreshInterval?: string;
    readonly secretStoreRef?: { readonly name?: string };
    readonly target?: {
      readonly name?: string;
      readonly creationPolicy?: string;
      readonly manifest?: { readonly kind?: string };
    };
    readonly data?: readonly { readonly remoteRef: { readonly key: string } }[];
    readonly dataFrom?: readonly { readonly extract?: { readonly key: string } }[];
  };
  readonly status?: {
    readonly refreshTime?: string | null;
    readonly syncedResourceVersion?: string;
    readonly conditions?: readonly ConditionObject[];
  };
}

export function observeExternalSecrets(
  kubernetes: KubernetesReader,
  namespace: string,
  warnings: Warnings,
): Promise<Observed<readonly ExternalSecretState[]>> {
  return observed(`list externalsecrets in ${namespace}`, async () => {
    const list = await listAll<ExternalSecretObject>(kubernetes, `${group}/namespaces/${namespace}/externalsecrets`);
    return list.map((one) => externalSecretState(namespace, one, warnings));
  });
}

/** In every namespace of the cluster but these. */
export function observeExternalSecretsElsewhere(
  kubernetes: KubernetesReader,
  namespaces: readonly string[],
): Promise<Observed<readonly ExternalSecretState[]>> {
  return observed("list externalsecrets in all namespaces", async () => {
    const list = await listAll<ExternalSecretObject>(kubernetes, `${group}/externalsecrets`);
    return list
      .map((one) => externalSecretState(one.metadata.namespace ?? "", one))
      .filter(({ namespace }) => !namespaces.includes(namespace));
  });
}

interface PushSecretObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly selector?: {
      readonly secret?: {
        readonly name?: string;
        readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
      };
    };
    readonly data?: readonly { readonly match?: { readonly remoteRef?: { readonly remoteKey?: string } } }[];
    readonly dataTo?: readonly { readonly remoteKey?: string }[];
  };
}

/** None where the cluster does not know PushSecrets. */
export function observePushSecrets(
  kubernetes: KubernetesReader,
  namespace: string,
): Promise<Observed<readonly PushSecretState[]>> {
  return observed(`list pushsecrets in ${namespace}`, async () => {
    const path = `/apis/external-secrets.io/v1alpha1/namespaces/${namespace}/pushsecrets`;
    const list = await listAll<PushSecretObject>(kubernetes, path).catch((error: unknown) => {
      if ((error as { status?: number }).status === 404) return [];
      throw error;
    });
    return list.map(({ metadata, spec: { selector, data = [], dataTo = [] } }) => {
      const { name: secret, selector: by } = selector?.secret ?? {};
      const paths = [...data.map(({ match }) => match?.remoteRef?.remoteKey), ...dataTo.map((one) => one.remoteKey)];
      return {
        namespace,
        name: metadata.name,
        ...(secret && { secret }),
        ...(by?.matchLabels && { labels: by.matchLabels }),
        paths: paths.filter((key) => key !== undefined),
      };
    });
  });
}

export function externalSecretState(
  namespace: string,
  { metadata, spec, status }: ExternalSecretObject,
  warnings?: Warnings,
): ExternalSecretState {
  const ready = conditionOf(status?.conditions, "Ready");
  const warning = warnings?.get(`ExternalSecret/${metadata.name}`);
  const refreshedAt = status?.refreshTime ?? undefined;
  const syncedVersion = status?.syncedResourceVersion;
  const { name: target = metadata.name, creationPolicy, manifest } = spec.target ?? {};
  return {
    namespace,
    name: metadata.name,
    uid: metadata.uid ?? "",
    target,
    ...(manifest && { targetKind: manifest.kind ?? "unknown kind" }),
    ...(creationPolicy && { creationPolicy }),
    storeName: spec.secretStoreRef?.name ?? "",
    remoteKeys: [
      ...(spec.data ?? []).map(({ remoteRef }) => remoteRef.key),
      ...(spec.dataFrom ?? []).flatMap(({ extract }) => extract?.key ?? []),
    ],
    refreshIntervalInSeconds: secondsOf(spec.refreshInterval ?? "1h"),
    createdAt: metadata.creationTimestamp ?? "",
    ...(refreshedAt === undefined ? {} : { refreshedAt }),
    ...(syncedVersion === undefined ? {} : { syncedVersion }),
    ...(ready === undefined ? {} : { ready }),
    ...(warning === undefined ? {} : { warning }),
  };
}

/** Go's durations, such as `1h0m0s`; ESO's refresh interval has no smaller unit of use. */
export function secondsOf(duration: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  return [...duration.matchAll(/(?<!\d)(\d+(?:\.\d+)?)(h|m|s)(?![a-z])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0),
    0,
  );
}

interface SecretObject {
  readonly metadata: ObjectMetadata;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>> | null;
}

/**
 * ESO's Secrets of a namespace, and the targets that do not bear its label. Values become fingerprints here and go no
 * further.
 */
export function observeSecrets(
  kubernetes: KubernetesReader,
  namespace: string,
  targets: ReadonlySet<string>,
  fingerprint: (value: string) => Fingerprint,
): Promise<Observed<readonly SecretState[]>> {
  return observed(`list secrets in ${namespace}`, async () => {
    const base = `/api/v1/namespaces/${namespace}/secrets`;
    const labelled = await listAll<SecretObject>(kubernetes, `${base}?labelSelector=${encodeURIComponent(ours)}`);
    const found = new Set(labelled.map(({ metadata }) => metadata.name));
    const missing = [...targets].filter((name) => !found.has(name));
    const others = await mapBounded(missing, readsAtOnce, (name) => findSecret(kubernetes, `${base}/${name}`));
    return [...labelled, ...others.filter((one) => one !== undefined)].map((secret) =>
      secretState(namespace, secret, fingerprint),
    );
  });
}

async function findSecret(kubernetes: KubernetesReader, path: string): Promise<SecretObject | undefined> {
  try {
    return await kubernetes.get<SecretObject>(path);
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}

function secretState(
  namespace: string,
  { metadata, type = "Opaque", data }: SecretObject,
  fingerprint: (value: string) => Fingerprint,
): SecretState {
  const owner = ownerOf(metadata);
  const changed = changedAt(metadata);
  const values = Object.entries(data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
  );
  const parts = type === "kubernetes.io/dockerconfigjson" ? registryParts(Object.fromEntries(values)) : [];
  return {
    namespace,
    name: metadata.name,
    type,
    labels: metadata.labels ?? {},
    ...(owner === undefined ? {} : { owner }),
    ...(changed === undefined ? {} : { changedAt: changed }),
    keys: Object.fromEntries([...values, ...parts].map(([key, value]) => [key, fingerprint(value)])),
  };
}

/** User name and password inside a dockerconfigjson, so that they can be compared with what they were made from. */
function registryParts(data: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  try {
    const { auths } = JSON.parse(data[".dockerconfigjson"] ?? "{}") as {
      auths?: Readonly<Record<string, { username?: string; password?: string } | undefined>>;
    };
    const [registry] = Object.values(auths ?? {});
    return [
      ["username", registry?.username ?? ""],
      ["password", registry?.password ?? ""],
    ];
  } catch {
    return [
      ["username", ""],
      ["password", ""],
    ]; // a bare token is not JSON: the seed's own sample does that
  }
}

export function observeServiceAccounts(
  kubernetes: KubernetesReader,
  namespace: string,
): Promise<Observed<readonly ServiceAccountState[]>> {
  return observed(`list serviceaccounts in ${namespace}`, async () => {
    const list = await listAll<{ metadata: ObjectMetadata; imagePullSecrets?: readonly { name: string }[] }>(
      kubernetes,
      `/api/v1/namespaces/${namespace}/serviceaccounts`,
    );
    return list.map(({ metadata, imagePullSecrets = [] }) => ({
      namespace,
      name: metadata.name,
      imagePullSecrets: imagePullSecrets.map(({ name }) => name),
      annotations: metadata.annotations ?? {},
    }));
  });
}
