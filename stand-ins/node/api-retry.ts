import { setTimeout as delay } from "node:timers/promises";
import { passingFault } from "../../clients/http.ts";
import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import { retry } from "../../clients/pacing.ts";
import { podPath, type Pod } from "./pod.ts";

interface Follower {
  /** All pods, initially and whenever the watch could not be continued. */
  listed(pods: readonly Pod[]): void;
  changed(pod: Pod): void;
  deleted(pod: Pod): void;
}

const path = "/api/v1/pods";
const firstWatchPause = 100;
const longestWatchPause = 2_000;
/** The API server ends a watch after this long, so that a lost connection is noticed. */
const watchSeconds = 240;

/** Follows all pods until `stop` aborts, across restarts of the API server and compaction of its history. */
export async function followPods(api: KubernetesClient, stop: AbortSignal, follower: Follower): Promise<void> {
  let wait = firstWatchPause;
  let version: string | undefined;
  while (!stop.aborted) {
    try {
      if (version === undefined) {
        const list = await api.get<{ metadata: { resourceVersion: string }; items: readonly Pod[] }>(path);
        follower.listed(list.items);
        version = list.metadata.resourceVersion;
      }
      const from = `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${version}`;
      for await (const { type, object } of api.watch<Pod>(from, stop)) {
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

/** Retries while the API server is away; tries at least once. @returns `undefined` if it refuses or `stop` aborts. */
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

/**
 * Writes a pod's status, one write at a time and only the latest. Gives up when the pod is gone or its name reused.
 *
 * @returns a function that resolves when this status, or a later one, has been written or given up.
 */
export function statusWriter(api: KubernetesClient, pod: Pod, stop: AbortSignal): (status: object) => Promise<void> {
  let next: object | undefined;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (before: Promise<void>): Promise<void> => {
    await before;
    while (next !== undefined) {
      let written: object | undefined;
      const call = (): Promise<unknown> => {
        written = next; // taken at each try: a status that grew old while the API server was away is never written
        return api.patch(
          `${podPath(pod)}/status`,
          { metadata: { uid: pod.metadata.uid }, status: written },
          "application/strategic-merge-patch+json",
        );
      };
      await untilAnswered(call, stop);
      if (next === written) next = undefined;
    }
  };
  return async (status) => {
    const idle = next === undefined;
    next = status;
    if (idle) writing = flush(writing);
    await writing;
  };
}
