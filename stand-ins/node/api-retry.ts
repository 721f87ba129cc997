import { setTimeout as delay } from "node:timers/promises";
import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";

interface Item {
  readonly metadata: { readonly resourceVersion?: string };
}

export interface Follower<T> {
  /** The whole collection, at the start and whenever the stream of changes could not be continued. */
  listed(items: readonly T[]): void;
  changed(item: T): void;
  deleted(item: T): void;
}

const firstWatchPause = 100;
const longestWatchPause = 2_000;
/** The API server ends a watch after this long, so that a connection which died unseen is noticed. */
const watchSeconds = 240;

/** Follows a collection until `stop` aborts, over restarts of the API server and compaction of its history. */
export async function follow<T extends Item>(
  api: KubernetesClient,
  path: string,
  follower: Follower<T>,
  stop: AbortSignal,
): Promise<void> {
  let wait = firstWatchPause;
  let version: string | undefined;
  while (!stop.aborted) {
    try {
      if (version === undefined) {
        const list = await api.get<{ metadata: { resourceVersion: string }; items: readonly T[] }>(path);
        follower.listed(list.items);
        version = list.metadata.resourceVersion;
      }
      const from = `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${version}`;
      for await (const { type, object } of api.watch<T>(from, stop)) {
        wait = firstWatchPause;
        version = object.metadata.resourceVersion ?? version;
        if (type === "DELETED") follower.deleted(object);
        else if (type !== "BOOKMARK") follower.changed(object);
      }
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 410) version = undefined; // the history since then is gone
      await delay(wait, undefined, { signal: stop }).catch(() => undefined);
      wait = Math.min(wait * 2, longestWatchPause);
    }
  }
}

const firstCallPause = 100;
const longestCallPause = 5_000;

/**
 * Repeats a call while the API server is away, overloaded or failing itself.
 *
 * @returns `undefined` once it refuses (404: gone, 409: another object has the name) or `stop` aborts; tried at least once.
 */
export async function untilAnswered<T>(call: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  for (let wait = firstCallPause; ; wait = Math.min(wait * 2, longestCallPause)) {
    try {
      return await call();
    } catch (error) {
      const refused = error instanceof KubernetesError && error.status < 500 && error.status !== 429;
      if (refused && error.status !== 404 && error.status !== 409) {
        process.stderr.write(`the API server refused a write of the node stand-in: ${error.message}\n`);
      }
      if (refused || stop.aborted) return undefined;
      await delay(wait, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return undefined;
    }
  }
}
