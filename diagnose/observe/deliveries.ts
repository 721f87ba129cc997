import type { CoreV1Event, V1Secret, V1ServiceAccount } from "@kubernetes/client-node";
import { secondsOf } from "../../domain/manifests/external-secret.ts";
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
import {
  changedAt,
  conditionOf,
  ownerOf,
  type ConditionObject,
  type Live,
  type ObjectMetadata,
} from "./kubernetes-list.ts";
import { defined, ifFound, observed } from "./observed.ts";

const group = "/apis/external-secrets.io";
const ours = "app.kubernetes.io/managed-by=external-secrets";
const readsAtOnce = 16;

/** Newest warning of each object of a namespace, by `Kind/name`. */
export type Warnings = ReadonlyMap<string, WarningState>;

/** Warnings of one namespace; without them the cause of many failures is not visible, but nothing else is missing. */
export function observeWarnings(kubernetes: KubernetesReader, namespace: string): Promise<Observed<Warnings>> {
  return observed(`list events in ${namespace}`, async () => {
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent("type=Warning")}`;
    const newest = new Map<string, WarningState>();
    for (const event of await listAll<Live<CoreV1Event>>(kubernetes, path)) {
      const { involvedObject, reason = "", message = "", lastTimestamp, eventTime, metadata } = event;
      const key = `${involvedObject.kind}/${involvedObject.name}`;
      const at = lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";
      const before = newest.get(key);
      if (before === undefined || Date.parse(before.at) <= Date.parse(at))
        newest.set(key, { reason, message: message.replaceAll(/\s+/g, " "), at });
    }
    return newest;
  });
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
  warnings?: Warnings,
): Promise<Observed<readonly StoreState[]>> {
  return observed(`list secretstores in ${namespace}`, async () => {
    const stores = await listAll<StoreObject>(kubernetes, `${group}/v1/namespaces/${namespace}/secretstores`);
    return stores.map(({ metadata: { name }, spec, status }) => {
      const { server = "", auth } = spec.provider.vault ?? {};
      const { role = "", serviceAccountRef } = auth?.kubernetes ?? {};
      const { name: serviceAccount = "", audiences = [] } = serviceAccountRef ?? {};
      const ready = conditionOf(status?.conditions, "Ready");
      const warning = warnings?.get(`SecretStore/${name}`);
      return { namespace, name, server, role, serviceAccount, audiences, ...defined({ ready, warning }) };
    });
  });
}

export interface ExternalSecretObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly refreshInterval?: string;
    readonly refreshPolicy?: string;
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

/** @param namespace - every namespace of the cluster if it is left out. */
export function observeExternalSecrets(
  kubernetes: KubernetesReader,
  namespace?: string,
  warnings?: Warnings,
): Promise<Observed<readonly ExternalSecretState[]>> {
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return observed(`list externalsecrets in ${namespace ?? "all namespaces"}`, async () => {
    const list = await listAll<ExternalSecretObject>(kubernetes, `${group}/v1${scope}/externalsecrets`);
    return list.map((one) => externalSecretState(namespace ?? one.metadata.namespace ?? "", one, warnings));
  });
}

export function externalSecretState(
  namespace: string,
  { metadata, spec, status }: ExternalSecretObject,
  warnings?: Warnings,
): ExternalSecretState {
  const { name: target = metadata.name, creationPolicy, manifest } = spec.target ?? {};
  return {
    namespace,
    name: metadata.name,
    target,
    storeName: spec.secretStoreRef?.name ?? "",
    remoteKeys: [
      ...(spec.data ?? []).map(({ remoteRef }) => remoteRef.key),
      ...(spec.dataFrom ?? []).flatMap(({ extract }) => extract?.key ?? []),
    ],
    // CreatedOnce and OnChange ignore the interval
    refreshIntervalInSeconds: (spec.refreshPolicy ?? "Periodic") === "Periodic" ? (secondsOf(spec.refreshInterval ?? "1h") ?? 0) : 0, // prettier-ignore
    createdAt: metadata.creationTimestamp ?? "",
    ...defined({
      targetKind: manifest && (manifest.kind ?? "unknown kind"),
      creationPolicy,
      refreshedAt: status?.refreshTime ?? undefined,
      syncedVersion: status?.syncedResourceVersion,
      ready: conditionOf(status?.conditions, "Ready"),
      warning: warnings?.get(`ExternalSecret/${metadata.name}`),
    }),
  };
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
    const path = `${group}/v1alpha1/namespaces/${namespace}/pushsecrets`;
    const list = await ifFound(listAll<PushSecretObject>(kubernetes, path));
    return (list ?? []).map(({ metadata, spec: { selector, data = [], dataTo = [] } }) => ({
      namespace,
      name: metadata.name,
      ...defined({ secret: selector?.secret?.name, labels: selector?.secret?.selector?.matchLabels }),
      paths: [...data.map(({ match }) => match?.remoteRef), ...dataTo].flatMap((one) => one?.remoteKey ?? []),
    }));
  });
}

/** ESO's Secrets of a namespace, and targets without its label. Values become fingerprints here and go no further. */
export function observeSecrets(
  kubernetes: KubernetesReader,
  namespace: string,
  targets: ReadonlySet<string>,
  fingerprint: (value: string) => Fingerprint,
): Promise<Observed<readonly SecretState[]>> {
  return observed(`list secrets in ${namespace}`, async () => {
    const base = `/api/v1/namespaces/${namespace}/secrets`;
    const labelled = await listAll<Live<V1Secret>>(kubernetes, `${base}?labelSelector=${encodeURIComponent(ours)}`);
    const found = new Set(labelled.map(({ metadata }) => metadata.name));
    const missing = [...targets].filter((name) => !found.has(name));
    const others = await mapBounded(missing, readsAtOnce, (name) =>
      ifFound(kubernetes.get<Live<V1Secret>>(`${base}/${name}`)),
    );
    return [...labelled, ...others.filter((one) => one !== undefined)].map((secret) =>
      secretState(namespace, secret, fingerprint),
    );
  });
}

function secretState(
  namespace: string,
  { metadata, type = "Opaque", data }: Live<V1Secret>,
  fingerprint: (value: string) => Fingerprint,
): SecretState {
  const values = Object.entries(data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
  );
  const parts = type === "kubernetes.io/dockerconfigjson" ? registryParts(Object.fromEntries(values)) : [];
  return {
    namespace,
    name: metadata.name,
    type,
    labels: metadata.labels ?? {},
    ...defined({ owner: ownerOf(metadata), changedAt: changedAt(metadata) }),
    keys: Object.fromEntries([...values, ...parts].map(([key, value]) => [key, fingerprint(value)])),
  };
}

/** User name and password inside a dockerconfigjson, so that they can be compared with what they were made from. */
function registryParts(data: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  let registry: { username?: string; password?: string } | undefined;
  try {
    const { auths = {} } = JSON.parse(data[".dockerconfigjson"] ?? "{}") as { auths?: Record<string, typeof registry> };
    [registry] = Object.values(auths);
  } catch {
    // a bare token is not JSON, as in the example of document 451
  }
  return [
    ["username", registry?.username ?? ""],
    ["password", registry?.password ?? ""],
  ];
}

export function observeServiceAccounts(
  kubernetes: KubernetesReader,
  namespace: string,
): Promise<Observed<readonly ServiceAccountState[]>> {
  return observed(`list serviceaccounts in ${namespace}`, async () => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const list = await listAll<Live<V1ServiceAccount>>(kubernetes, path);
    return list.map(({ metadata, imagePullSecrets = [] }) => ({
      namespace,
      name: metadata.name,
      imagePullSecrets: imagePullSecrets.flatMap(({ name = [] }) => name),
    }));
  });
}
