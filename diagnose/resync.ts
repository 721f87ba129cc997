import { setTimeout as delay } from "node:timers/promises";
import type { ExternalSecretState, StoreState } from "../domain/snapshot.ts";
import type { KubernetesReader } from "./observe/access.ts";
import { observeExternalSecrets, observeStores, readWarnings, type Warnings } from "./observe/deliveries.ts";
import { inParallel } from "./observe/observed.ts";

/** A cluster that may be changed: by JSON merge patches, and no more is needed here. */
export interface KubernetesWriter extends KubernetesReader {
  patch(path: string, change: object): Promise<unknown>;
}

export interface ResyncOptions {
  readonly namespaces: readonly string[];
  /** Names of ExternalSecrets. @default - every one of the namespaces */
  readonly names?: readonly string[];
  /** For the stores, and again for the ExternalSecrets. @default 60 */
  readonly timeoutInSeconds?: number;
  readonly signal: AbortSignal;
  /** Told whenever a count changes. */
  readonly onProgress?: (progress: ResyncProgress) => void;
}

export interface ResyncProgress {
  readonly kind: "stores" | "external-secrets";
  readonly done: number;
  readonly total: number;
}

export interface ResyncResult {
  /** `namespace/name` of each store and ExternalSecret that is Ready, with its last sync after this call. */
  readonly ready: readonly string[];
  /** Those that are not, with what External Secrets says. */
  readonly notReady: readonly { readonly object: string; readonly message: string }[];
  /** Targets whose Secret has changed by it. */
  readonly changed: readonly string[];
}

/** ESO looks at an object anew whenever its annotations change; this name is its own convention. */
const annotation = "force-sync";
const group = "/apis/external-secrets.io/v1";
const patchesAtOnce = 8;
const firstPauseInMilliseconds = 200;
const longestPauseInMilliseconds = 1_000;

/**
 * Makes External Secrets look again: stores first, since an ExternalSecret of a failing store is not even tried, then the
 * ExternalSecrets, and waits until each has synced **after** this call. An old Ready proves nothing.
 *
 * @throws Error of the cluster when it cannot be changed or read at all.
 */
export async function resync(kubernetes: KubernetesWriter, options: ResyncOptions): Promise<ResyncResult> {
  const { namespaces, names, onProgress } = options;
  const mark = new Date().toISOString();
  const before = await readAll(kubernetes, namespaces);
  const wanted = before.externalSecrets.filter(({ name }) => names?.includes(name) ?? true);
  const storesWanted = before.stores.filter((store) => wanted.some((one) => belongs(one, store)));
  const versions = await targetVersions(kubernetes, wanted);

  await touch(kubernetes, "secretstores", storesWanted, mark);
  const stores = await settled(options, "stores", storesWanted, async () => {
    const { stores: now } = await readAll(kubernetes, namespaces);
    return (one) => now.find((store) => same(store, one))?.ready?.status === "True";
  });

  await touch(kubernetes, "externalsecrets", wanted, mark);
  const synced = await settled(options, "external-secrets", wanted, async () => {
    const { externalSecrets: now } = await readAll(kubernetes, namespaces);
    return (one) =>
      isNewer(
        now.find((other) => same(other, one)),
        one,
      );
  });
  onProgress?.({ kind: "external-secrets", done: synced.done.length, total: wanted.length });

  const after = await readAll(kubernetes, namespaces);
  const now = await targetVersions(kubernetes, wanted);
  return {
    ready: [...stores.done, ...synced.done].map(keyOf),
    notReady: [...stores.left, ...synced.left].map((one) => ({ object: keyOf(one), message: wordsOf(after, one) })),
    changed: [...now].filter(([target, version]) => versions.get(target) !== version).map(([target]) => target),
  };
}

type Named = Pick<StoreState, "namespace" | "name">;

interface Both {
  readonly stores: readonly StoreState[];
  readonly externalSecrets: readonly ExternalSecretState[];
}

async function readAll(kubernetes: KubernetesReader, namespaces: readonly string[]): Promise<Both> {
  const none: Warnings = new Map();
  const parts = await Promise.all(
    namespaces.map(async (namespace) => {
      const warnings = await readWarnings(kubernetes, namespace).catch(() => none);
      const [stores, externalSecrets] = await Promise.all([
        observeStores(kubernetes, namespace, warnings),
        observeExternalSecrets(kubernetes, namespace, warnings),
      ]);
      if (!stores.ok) throw new Error(`${stores.failure.asked}: ${stores.failure.message}`);
      if (!externalSecrets.ok) throw new Error(`${externalSecrets.failure.asked}: ${externalSecrets.failure.message}`);
      return { stores: stores.value, externalSecrets: externalSecrets.value };
    }),
  );
  return {
    stores: parts.flatMap(({ stores }) => stores),
    externalSecrets: parts.flatMap(({ externalSecrets }) => externalSecrets),
  };
}

async function touch(
  kubernetes: KubernetesWriter,
  plural: string,
  objects: readonly Named[],
  mark: string,
): Promise<void> {
  await inParallel(objects, patchesAtOnce, ({ namespace, name }) =>
    kubernetes.patch(`${group}/namespaces/${namespace}/${plural}/${name}`, {
      metadata: { annotations: { [annotation]: mark } },
    }),
  );
}

/** Looks until all are done or the time is over. */
async function settled<T extends Named>(
  { timeoutInSeconds = 60, signal, onProgress }: ResyncOptions,
  kind: ResyncProgress["kind"],
  objects: readonly T[],
  look: () => Promise<(one: T) => boolean>,
): Promise<{ readonly done: readonly T[]; readonly left: readonly T[] }> {
  const deadline = performance.now() + timeoutInSeconds * 1000;
  let told = -1;
  for (let pause = firstPauseInMilliseconds; ; pause = Math.min(pause * 1.5, longestPauseInMilliseconds)) {
    signal.throwIfAborted();
    const isDone = await look();
    const done = objects.filter(isDone);
    if (done.length !== told) onProgress?.({ kind, done: done.length, total: objects.length });
    told = done.length;
    if (done.length === objects.length || performance.now() > deadline) {
      return { done, left: objects.filter((one) => !isDone(one)) };
    }
    await delay(pause, undefined, { signal });
  }
}

/** The new annotation alone changes what a good sync records, even within the same second as the one before. */
function isNewer(now: ExternalSecretState | undefined, before: ExternalSecretState): boolean {
  return now?.ready?.status === "True" && now.syncedVersion !== before.syncedVersion;
}

async function targetVersions(
  kubernetes: KubernetesReader,
  wanted: readonly ExternalSecretState[],
): Promise<ReadonlyMap<string, string>> {
  const found = await inParallel(wanted, patchesAtOnce, async ({ namespace, target }) => {
    const key = `${namespace}/${target}`;
    try {
      const { metadata } = await kubernetes.get<{ metadata: { resourceVersion: string } }>(
        `/api/v1/namespaces/${namespace}/secrets/${target}`,
      );
      return [key, metadata.resourceVersion] as const;
    } catch {
      return [key, "none"] as const; // not there yet, or not ours to read: then its change is not told
    }
  });
  return new Map(found);
}

function belongs(one: ExternalSecretState, store: StoreState): boolean {
  return one.namespace === store.namespace && one.storeName === store.name;
}

function same(one: Named, other: Named): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

function wordsOf({ stores, externalSecrets }: Both, one: Named): string {
  const found = [...externalSecrets, ...stores].find((other) => same(other, one));
  if (found?.ready?.status === "True") return "Ready, and not synced anew in time";
  return found?.warning?.message ?? found?.ready?.message ?? "no condition yet";
}
