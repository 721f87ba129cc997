import { setTimeout as sleep } from "node:timers/promises";
import { fullName, type KubeReference } from "./kube-object.ts";
import type { KubeClient } from "./kube-client.ts";
import { pauses, type Patience } from "./patience.ts";

/**
 * Waits until the object is gone.
 *
 * @throws Error naming the finalizers that hold it, if the time is up or the wait was cancelled.
 */
export async function awaitGone(client: KubeClient, reference: KubeReference, patience: Patience): Promise<void> {
  const { timeoutInMilliseconds, cancelled, onStatus } = patience;
  const deadline = Date.now() + timeoutInMilliseconds;
  for (const pause of pauses()) {
    const live = await client.find(reference);
    if (live === undefined) return;
    const finalizers = live.metadata.finalizers ?? [];
    const held = finalizers.length === 0 ? "" : `, held by finalizers ${finalizers.join(", ")}`;
    if (cancelled.aborted || Date.now() >= deadline) {
      const what = `${reference.kind} ${fullName(reference)}`;
      const why = cancelled.aborted ? "the wait was cancelled" : `after ${Math.round(timeoutInMilliseconds / 1000)} s`;
      throw new Error(`timed out waiting for deletion of ${what}: ${why}${held}`);
    }
    onStatus(`waiting for deletion${held}`);
    await sleep(pause, undefined, { signal: cancelled }).catch(() => undefined);
  }
}
