import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "./kubernetes.ts";

/** Before the next list, if a watch ended at once or is not allowed. */
const pauseInMs = 1_000;

/**
 * Shows the objects of a collection as they are and as they change, until it is over: by one list and one watch. Without
 * the right to watch it lists every second instead.
 *
 * @param path - may have a query, such as a field selector.
 * @param see - called with each object; it may be called with the same state again.
 * @param over - ends it in the middle of a watch. What it interrupts is not an error.
 * @throws what the cluster throws for a list, and what is no answer of the API server.
 */
export async function follow<T extends object>(
  cluster: Pick<Cluster, "get" | "watch">,
  path: string,
  { see, isOver, over }: { see: (object: T) => void; isOver: () => boolean; over: AbortSignal },
): Promise<void> {
  const isDone = (): boolean => over.aborted || isOver();
  try {
    while (!isDone()) {
      const { items, metadata } = await cluster.get<{
        items: readonly T[];
        metadata?: { resourceVersion?: string };
      }>(path);
      items.forEach(see);
      if (isDone()) return;
      const query = `${path.includes("?") ? "&" : "?"}watch=true&resourceVersion=${metadata?.resourceVersion ?? ""}`;
      try {
        for await (const { object } of cluster.watch<T>(`${path}${query}`, over)) {
          see(object);
          if (isDone()) return;
        }
      } catch (error) {
        // no right to watch, or the version is too old by now: the list above does it
        if (!("status" in (error as object))) throw error;
      }
      await delay(pauseInMs, undefined, { signal: over });
    }
  } catch (error) {
    if (!over.aborted) throw error;
  }
}
