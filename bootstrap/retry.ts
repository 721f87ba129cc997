import { setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "./timing.ts";

/** `undefined`: trying again is of no use. Else the pause that the server asked for, if it did. */
export type RetryVerdict = { readonly afterInMs?: number } | undefined;

export interface RetryOptions {
  readonly timing: Pick<Timing, "retryBaseInMs" | "retryCapInMs" | "retryAttempts">;
  readonly verdict: (error: unknown) => RetryVerdict;
  readonly signal?: AbortSignal;
  /** Called before each pause. */
  readonly onRetry?: (error: unknown, pauseInMs: number) => void;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/**
 * Calls `operation` until it succeeds, its error is one that lasts, or the attempts are used up.
 *
 * @throws what the last attempt threw; the signal's reason where it is aborted in a pause. The first attempt is made in
 * any case: what is in hand is ended.
 */
export async function retry<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { timing, verdict, signal, onRetry } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      const again = verdict(error);
      if (again === undefined || attempt >= timing.retryAttempts || signal?.aborted === true) throw error;
      const pause = pauseInMs(attempt, again, options);
      onRetry?.(error, pause);
      await pauseFor(pause, signal);
    }
  }
}

/**
 * Doubles with each attempt up to the cap, half of it random, so that many callers do not come back in one moment. A
 * Retry-After is never undercut: up to a fifth is added to it.
 */
export function pauseInMs(
  attempt: number,
  { afterInMs }: { readonly afterInMs?: number },
  { timing, random = Math.random }: Pick<RetryOptions, "timing" | "random">,
): number {
  if (afterInMs !== undefined) return afterInMs * (1 + random() / 5);
  const full = Math.min(timing.retryCapInMs, timing.retryBaseInMs * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** Sleeps; an abort ends it at once with the signal's own reason. */
export async function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** @param header - seconds or an HTTP date (RFC 9110, 10.2.3). @returns milliseconds, at most a minute. */
export function retryAfterInMs(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const pause = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(pause) ? undefined : Math.min(60_000, Math.max(0, pause));
}
