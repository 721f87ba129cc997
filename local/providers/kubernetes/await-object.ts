import { setTimeout as sleep } from "node:timers/promises";
import { evidence } from "./evidence.ts";
import { isNotFound } from "./kube-error.ts";
import { fullName, type KubeObject, type KubeReference } from "./kube-object.ts";
import type { KubeClient } from "./kube-client.ts";
import type { Judge } from "./readiness.ts";

/** The object is there but not what it was to become. */
export class NotReadyError extends Error {
  readonly live: KubeObject;
  readonly reasons: readonly string[];

  constructor(live: KubeObject, reasons: readonly string[]) {
    super(reasons.join("; "));
    this.name = "NotReadyError";
    this.live = live;
    this.reasons = reasons;
  }
}

export interface Patience {
  readonly timeoutInMilliseconds: number;
  readonly cancelled: AbortSignal;
}

const firstPauseInMilliseconds = 100;
const longestPauseInMilliseconds = 1000;

/**
 * Waits until the object is ready.
 *
 * @throws NotReadyError if it failed, the time is up, the object went away or the wait was cancelled.
 */
export async function awaitReady(
  client: KubeClient,
  created: KubeObject,
  judge: Judge,
  { timeoutInMilliseconds, cancelled }: Patience,
): Promise<KubeObject> {
  const reference = { ...created, name: created.metadata.name, namespace: created.metadata.namespace };
  const deadline = Date.now() + timeoutInMilliseconds;
  let live = created;
  for (let pause = firstPauseInMilliseconds; ; pause = Math.min(pause * 1.5, longestPauseInMilliseconds)) {
    const progress = judge(live);
    if (progress.state === "ready") return live;
    if (progress.state === "failed")
      throw new NotReadyError(live, [progress.reason, ...(await evidence(client, live))]);
    if (cancelled.aborted) throw new NotReadyError(live, [`the wait was cancelled: ${progress.reason}`]);
    if (Date.now() >= deadline) {
      const seconds = Math.round(timeoutInMilliseconds / 1000);
      const reason = `timed out after ${seconds} s: ${progress.reason}`;
      throw new NotReadyError(live, [reason, ...(await evidence(client, live))]);
    }
    await sleep(pause, undefined, { signal: cancelled }).catch(() => undefined);
    try {
      live = await client.get(reference);
    } catch (error) {
      if (isNotFound(error))
        throw new NotReadyError(live, [`${fullName(reference)} was deleted while it was waited for`]);
      if (!cancelled.aborted) throw error;
    }
  }
}

/**
 * Waits until the object is gone.
 *
 * @throws Error naming the finalizers that hold it, if the time is up or the wait was cancelled.
 */
export async function awaitGone(
  client: KubeClient,
  reference: KubeReference,
  { timeoutInMilliseconds, cancelled }: Patience,
): Promise<void> {
  const deadline = Date.now() + timeoutInMilliseconds;
  for (let pause = firstPauseInMilliseconds; ; pause = Math.min(pause * 1.5, longestPauseInMilliseconds)) {
    let live: KubeObject;
    try {
      live = await client.get(reference);
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    if (cancelled.aborted || Date.now() >= deadline) {
      const what = `${reference.kind} ${fullName(reference)}`;
      const finalizers = live.metadata.finalizers ?? [];
      const held = finalizers.length === 0 ? "" : `, held by finalizers ${finalizers.join(", ")}`;
      const why = cancelled.aborted ? "the wait was cancelled" : `after ${Math.round(timeoutInMilliseconds / 1000)} s`;
      throw new Error(`timed out waiting for deletion of ${what}: ${why}${held}`);
    }
    await sleep(pause, undefined, { signal: cancelled }).catch(() => undefined);
  }
}
