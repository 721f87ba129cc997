import { setTimeout as sleep } from "node:timers/promises";

/** A throw counts as no. @throws Error with `forWhat`, its cause the last throw, on a timeout; or the signal's reason. */
export async function waitUntil(
  ask: () => Promise<boolean>,
  options: {
    readonly inSeconds: number;
    readonly forWhat: string;
    /** @default 50 */
    readonly everyInMilliseconds?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { inSeconds, forWhat, everyInMilliseconds = 50, signal } = options;
  const deadline = performance.now() + inSeconds * 1000;
  let cause: unknown;
  for (;;) {
    try {
      if (await ask()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    signal?.throwIfAborted();
    if (performance.now() > deadline) throw new Error(`waited ${inSeconds} s for ${forWhat}`, { cause });
    await sleep(everyInMilliseconds, undefined, signal && { signal });
  }
}
