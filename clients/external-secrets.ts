import { forceSyncAnnotation } from "../domain/manifests/labels.ts";
import { follow, type Cluster, type Named } from "./kubernetes.ts";
import { mapBounded } from "./pacing.ts";

export interface SyncedObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly refreshPolicy?: string };
  readonly status?: {
    /** Opaque; External Secrets sets a new one with the first good sync after any change of spec, labels or annotations. */
    readonly syncedResourceVersion?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

const group = "/apis/external-secrets.io/v1";
const patchesAtOnce = 16;

/** External Secrets syncs when an annotation changes. `failed` gets each error. @default - the first is thrown */
export async function forceSync<T extends Named>(
  cluster: { patch(path: string, change: object): Promise<object> },
  plural: "secretstores" | "externalsecrets",
  objects: readonly T[],
  failed?: (one: T, error: unknown) => void,
): Promise<readonly { readonly one: T; readonly object: SyncedObject }[]> {
  const change = { metadata: { annotations: { [forceSyncAnnotation]: new Date().toISOString() } } };
  const changed = await mapBounded(objects, patchesAtOnce, async (one) => {
    try {
      const path = `${group}/namespaces/${one.namespace}/${plural}/${one.name}`;
      return [{ one, object: (await cluster.patch(path, change)) as SyncedObject }];
    } catch (error) {
      if (failed === undefined) throw error;
      failed(one, error);
      return [];
    }
  });
  return changed.flat();
}

/** An awaited ExternalSecret, as it was before the sync was requested. */
export interface Waiting extends Named {
  readonly syncedVersion?: string;
}

interface Followed<T> {
  readonly timeoutInMs: number;
  readonly signal: AbortSignal;
  /** @default - it is Ready and has recorded another version than before: the new annotation alone changes that */
  readonly isSynced?: (one: T, object: SyncedObject) => boolean;
  /** Called for each ExternalSecret as it syncs, with how many have. */
  readonly onSynced?: (one: T, count: number) => void;
}

/**
 * One list and one watch for each namespace; without the right to watch, a list every second.
 *
 * @returns those that have synced; those that had not in time, with the message of their condition Ready.
 * @throws the signal's reason, or what the cluster throws for a list.
 */
export async function followSyncs<T extends Waiting>(
  cluster: Pick<Cluster, "get" | "watch">,
  waitedFor: readonly T[],
  { timeoutInMs, signal, isSynced = hasNewVersion, onSynced }: Followed<T>,
): Promise<{ readonly done: readonly T[]; readonly left: readonly { readonly one: T; readonly said: string }[] }> {
  const waiting = new Map(waitedFor.map((one) => [keyOf(one), one]));
  const said = new Map<T, string>();
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutInMs)]);
  const see = (namespace: string, object: SyncedObject): void => {
    const one = waiting.get(keyOf({ namespace, name: object.metadata.name }));
    if (one === undefined) return;
    said.set(one, readyOf(object)?.message ?? "no condition yet");
    if (!isSynced(one, object)) return;
    waiting.delete(keyOf(one));
    onSynced?.(one, waitedFor.length - waiting.size);
  };
  await Promise.all(
    [...Map.groupBy(waitedFor, ({ namespace }) => namespace)].map(async ([namespace, those]) => {
      await follow<SyncedObject>(cluster, `${group}/namespaces/${namespace}/externalsecrets`, {
        see: (object) => see(namespace, object),
        isOver: () => !those.some((one) => waiting.has(keyOf(one))),
        over,
      });
    }),
  );
  signal.throwIfAborted();
  return {
    done: waitedFor.filter((one) => !waiting.has(keyOf(one))),
    left: [...waiting.values()].map((one) => ({ one, said: said.get(one) ?? "it does not exist" })),
  };
}

function readyOf({ status }: SyncedObject) {
  return status?.conditions?.find(({ type }) => type === "Ready");
}

/** Even within the second of the sync before. */
function hasNewVersion({ syncedVersion }: Waiting, object: SyncedObject): boolean {
  return readyOf(object)?.status === "True" && object.status?.syncedResourceVersion !== syncedVersion;
}

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}
