import { followSyncs } from "../../clients/external-secrets.ts";
import type { ConditionObject } from "../../diagnose/observe/kubernetes-list.ts";
import { UserError } from "../../domain/user-error.ts";
import type { Cluster, KubernetesObject, Named } from "../../clients/kubernetes.ts";

export interface ExternalSecret extends KubernetesObject {
  readonly spec?: {
    readonly secretStoreRef?: { readonly name?: string };
    readonly data?: readonly { readonly remoteRef?: { readonly key?: string } }[];
    readonly dataFrom?: readonly { readonly extract?: { readonly key?: string }; readonly find?: object }[];
  };
  readonly status?: {
    readonly refreshTime?: string;
    /** The generation that was synced, a hyphen, and a hash of labels and annotations. */
    readonly syncedResourceVersion?: string;
    readonly conditions?: readonly ConditionObject[];
  };
}

export function externalSecretPath({ namespace, name }: Named): string {
  return `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets/${name}`;
}

/** What it reads from its store; `(find)` for a search, which names no key. */
export function keysOf({ spec = {} }: ExternalSecret): readonly string[] {
  return [
    ...(spec.data ?? []).map(({ remoteRef }) => remoteRef?.key ?? ""),
    ...(spec.dataFrom ?? []).map(({ extract, find }) => extract?.key ?? (find === undefined ? "" : "(find)")),
  ].filter((key) => key !== "");
}

/**
 * Whether ESO has synced it since anyone last changed anything but its status. Both times are whole seconds: a sync in the
 * second of a change of the spec counts if it is of that generation.
 */
export function isSynced({ metadata, status }: Pick<ExternalSecret, "metadata" | "status">): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True" || status?.refreshTime === undefined) return false;
  const generation = Number.parseInt(status.syncedResourceVersion ?? "", 10);
  if (generation < Number(metadata["generation"])) return false;
  const managed = (metadata["managedFields"] ?? []) as readonly {
    readonly subresource?: string;
    readonly time?: string;
  }[];
  const changed = managed
    .filter(({ subresource }) => subresource !== "status")
    .map(({ time = "" }) => Date.parse(time) || 0);
  return Date.parse(status.refreshTime) >= Math.max(0, ...changed);
}

/** Why External Secrets says that it is not Ready: its Events name the cause, the condition is generic. */
export async function whyNotReady(cluster: Cluster, { metadata, status }: ExternalSecret): Promise<string> {
  interface Events {
    readonly items: readonly { readonly type?: string; readonly message?: string; readonly lastTimestamp?: string }[];
  }
  const selector = encodeURIComponent(`involvedObject.uid=${metadata.uid ?? ""}`);
  const { items } = await cluster.get<Events>(
    `/api/v1/namespaces/${metadata.namespace}/events?fieldSelector=${selector}`,
  );
  const last = items
    .filter(({ type }) => type === "Warning")
    .toSorted((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? ""))
    .at(-1);
  return last?.message ?? status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "not synced yet";
}

/** Waits until ESO has synced each since its last change. @throws UserError with each that is not in time, and ESO's reason. */
export async function waitUntilSynced(
  cluster: Cluster,
  externalSecrets: readonly Named[],
  options: { readonly timeoutInSeconds: number; readonly signal: AbortSignal },
): Promise<void> {
  const { timeoutInSeconds, signal } = options;
  const { left } = await followSyncs(cluster, externalSecrets, {
    timeoutInMs: timeoutInSeconds * 1000,
    signal,
    isSynced: (_one, object) => isSynced(object),
  });
  if (left.length === 0) return;
  const reasons = await Promise.all(
    left.map(async ({ one, said }) => {
      const found = await cluster.find<ExternalSecret>(externalSecretPath(one));
      return `${one.namespace}/${one.name}: ${found === undefined ? said : await whyNotReady(cluster, found)}`;
    }),
  );
  throw UserError.of(
    "external-secret-not-synced",
    `${left.length} ExternalSecret(s) not synced within ${timeoutInSeconds} s:\n    ${reasons.join("\n    ")}`,
    "ameide-secrets doctor --stack <stack> names the first failing stage of each",
  );
}
