import { setTimeout as delay } from "node:timers/promises";
import { passingFault } from "../../clients/http.ts";
import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import { retry } from "../../clients/pacing.ts";

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

const timing = { retryBaseInMs: 200, retryCapInMs: 5_000, retryAttempts: Infinity };

/**
 * Repeats a call while the API server is away, overloaded or failing itself.
 *
 * @returns `undefined` once it refuses (404: gone, 409: another object has the name) or `stop` aborts; tried at least once.
 */
export async function untilAnswered<T>(call: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const verdict = (error: unknown) => (error instanceof KubernetesError ? passingFault(error) : {});
  try {
    return await retry(call, { timing, verdict, signal: stop });
  } catch (error) {
    if (verdict(error) === undefined && ![404, 409].includes((error as KubernetesError).status)) {
      process.stderr.write(`the API server refused a write of the node stand-in: ${(error as Error).message}\n`);
    }
    return undefined;
  }
}
