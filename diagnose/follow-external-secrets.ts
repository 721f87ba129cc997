import { setTimeout as delay } from "node:timers/promises";
import type { ExternalSecretState } from "./snapshot.ts";
import type { KubernetesReader } from "./observe/access.ts";
import { externalSecretState, type ExternalSecretObject } from "./observe/deliveries.ts";

/** A cluster with watches. */
export interface WatchedCluster extends KubernetesReader {
  /** Ends when the server has enough of it. What it throws has the HTTP status as `status`. */
  watch<T extends object>(
    path: string,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly type: string; readonly object: T }>;
}

interface Followed {
  readonly isDone: (now: ExternalSecretState, then: ExternalSecretState) => boolean;
  readonly timeoutInSeconds: number;
  readonly signal: AbortSignal;
  /** Called whenever the count changes. */
  readonly onProgress: (done: number) => void;
}

/** Before the next look where a watch ended at once, or may not be had. */
const pauseInMilliseconds = 1_000;

/**
 * Waits until each ExternalSecret is done: by one list and one watch for each namespace, so that a hundred of them cost
 * the API server no more than one. Where the right to watch is missing it lists every second instead.
 *
 * @param then - as they were before; others are passed over.
 * @returns those that are done, and those that were not when the time was over.
 */
export async function followExternalSecrets(
  kubernetes: WatchedCluster,
  then: readonly ExternalSecretState[],
  { isDone, timeoutInSeconds, signal, onProgress }: Followed,
): Promise<{ readonly done: readonly ExternalSecretState[]; readonly left: readonly ExternalSecretState[] }> {
  const waiting = new Map(then.map((one) => [keyOf(one), one]));
  const timeout = AbortSignal.timeout(timeoutInSeconds * 1000);
  const over = AbortSignal.any([signal, timeout]);
  const see = (now: ExternalSecretState): void => {
    const before = waiting.get(keyOf(now));
    if (before === undefined || !isDone(now, before)) return;
    waiting.delete(keyOf(now));
    onProgress(then.length - waiting.size);
  };
  const byNamespace = Map.groupBy(then, ({ namespace }) => namespace);
  await Promise.all(
    [...byNamespace].map(async ([namespace, of]) => {
      const isOver = (): boolean => over.aborted || !of.some((one) => waiting.has(keyOf(one)));
      await follow(kubernetes, namespace, { see, isOver, over }).catch((error: unknown) => {
        if (!over.aborted) throw error;
      });
    }),
  );
  signal.throwIfAborted();
  const left = [...waiting.values()];
  return { done: then.filter((one) => !waiting.has(keyOf(one))), left };
}

interface Look {
  readonly see: (now: ExternalSecretState) => void;
  readonly isOver: () => boolean;
  readonly over: AbortSignal;
}

async function follow(kubernetes: WatchedCluster, namespace: string, { see, isOver, over }: Look): Promise<void> {
  const path = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
  while (!isOver()) {
    const { items, metadata } = await kubernetes.get<{
      items: readonly ExternalSecretObject[];
      metadata?: { resourceVersion?: string };
    }>(path);
    for (const item of items) see(externalSecretState(namespace, item));
    if (isOver()) return;
    const query = `watch=true&resourceVersion=${metadata?.resourceVersion ?? ""}`;
    try {
      for await (const { object } of kubernetes.watch<ExternalSecretObject>(`${path}?${query}`, over)) {
        see(externalSecretState(namespace, object));
        if (isOver()) return;
      }
    } catch (error) {
      // no right to watch, or the version is too old by now: the list above does it
      if (!("status" in (error as object))) throw error;
    }
    await delay(pauseInMilliseconds, undefined, { signal: over });
  }
}

function keyOf({ namespace, name }: Pick<ExternalSecretState, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}
