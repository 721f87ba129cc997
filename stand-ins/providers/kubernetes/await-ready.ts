import { setTimeout as sleep } from "node:timers/promises";
import { InitialisationError } from "../provider.ts";
import type { PropertyMap } from "../property-value.ts";
import { outputsOf } from "./checkpoint.ts";
import { fullName, referenceOf, type KubeObject, type KubeReference } from "./kube-object.ts";
import { isNotFound, type KubeClient } from "./kube-client.ts";
import { waitFor, type Wait } from "./readiness.ts";

/** How long a wait may last, and who hears of it. */
export interface Patience {
  readonly timeoutInMilliseconds: number;
  readonly cancelled: AbortSignal;
  /** Gets what is waited for, each time it is looked at. */
  readonly onStatus: (text: string) => void;
}

const firstPauseInMilliseconds = 100;
const longestPauseInMilliseconds = 1000;

/** Pauses between two looks, without end: short at first, since most waits are, then a second each. */
export function* pauses(): Generator<number> {
  for (let pause = firstPauseInMilliseconds; ; pause = Math.min(pause * 1.5, longestPauseInMilliseconds)) yield pause;
}

export interface Applied {
  readonly live: KubeObject;
  readonly inputs: PropertyMap;
  readonly fieldManager: string;
  readonly done: "created" | "updated";
}

/**
 * Waits until the object is what its inputs ask for; most objects are at once.
 *
 * @throws InitialisationError, which keeps the object in state, if it failed, the time is up, it went away, the wait
 *   was cancelled or the API server could not be asked. It says as little as the real provider does.
 */
export async function awaitReady(client: KubeClient, applied: Applied, patience: Patience): Promise<KubeObject> {
  const { live, inputs, fieldManager, done } = applied;
  const id = fullName(live.metadata);
  let latest = live;
  const failed = (reasons: readonly string[]) => {
    const summary = `resource ${id} was successfully ${done}, but the Kubernetes API server reported that it failed to fully initialize or become live`;
    const state = { id, outputs: outputsOf(latest, inputs, fieldManager) };
    return new InitialisationError(state, [`${summary}: ${reasons[0] ?? ""}`, ...reasons.slice(1)]);
  };
  try {
    const wait = waitFor(live.kind, inputs);
    if (wait === undefined) return live;
    const reasons = await firstFailure(client, live, wait, patience, (seen) => {
      latest = seen;
    });
    if (reasons === undefined) return latest;
    throw failed(reasons);
  } catch (error) {
    if (error instanceof InitialisationError) throw error;
    throw failed([error instanceof Error ? error.message : String(error)]);
  }
}

/** @returns why the object did not get ready; undefined once it is. */
async function firstFailure(
  client: KubeClient,
  created: KubeObject,
  wait: Wait,
  { timeoutInMilliseconds, cancelled, onStatus }: Patience,
  onSeen: (live: KubeObject) => void,
): Promise<readonly string[] | undefined> {
  const deadline = Date.now() + timeoutInMilliseconds;
  let live = created;
  const { name } = live.metadata;
  for (const pause of pauses()) {
    const progress = wait.judge(live);
    if (progress.state === "ready") return undefined;
    if (progress.state === "failed")
      return [`Resource '${name}' was created but failed to initialize`, progress.reason];
    if (cancelled.aborted) return [`Resource operation was cancelled for "${name}"`];
    if (Date.now() >= deadline) return [wait.timedOut(name)];
    onStatus(progress.status);
    await sleep(pause, undefined, { signal: cancelled }).catch(() => undefined);
    try {
      live = await client.get(referenceOf(live));
      onSeen(live);
    } catch (error) {
      if (isNotFound(error)) return [`${fullName(live.metadata)} was deleted while it was waited for`];
      if (!cancelled.aborted) throw error;
    }
  }
  return undefined;
}

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
