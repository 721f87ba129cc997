import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
  /** First pause after a fault that may pass; doubled each time, with jitter. */
  readonly retryBaseInMs: number;
  readonly retryCapInMs: number;
  /** Tries of one call, including the first. */
  readonly retryAttempts: number;
}

/** `undefined`: another try is useless. Otherwise the pause that the server asked for, if it did. */
export type RetryVerdict = { readonly afterInMs?: number } | undefined;

export interface RetryOptions {
  readonly timing: Backoff;
  readonly verdict: (error: unknown) => RetryVerdict;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((error: unknown, pauseInMs: number) => void) | undefined;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Makes the first attempt even if aborted. @throws what the last attempt threw, or the signal's reason in a pause */
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

/** Lets at most `limit` calls begin within any window of `windowInMs`. */
export class Pacer {
  readonly #starts: number[] = [];
  readonly #limit: number;
  readonly #windowInMs: number;
  readonly #now: () => number;
  /** Index of the oldest start within the window; the array is cut once in a while, not at every call. */
  #oldest = 0;

  constructor(limit: number, windowInMs: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#windowInMs = windowInMs;
    this.#now = now;
  }

  async turn(signal?: AbortSignal): Promise<void> {
    for (let wait = this.#waitInMs(); wait > 0; wait = this.#waitInMs()) await pauseFor(wait, signal);
    this.#starts.push(this.#now());
  }

  #waitInMs(): number {
    const now = this.#now();
    while ((this.#starts[this.#oldest] ?? Infinity) <= now - this.#windowInMs) this.#oldest++;
    if (this.#oldest > this.#limit) {
      this.#starts.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    if (this.#starts.length - this.#oldest < this.#limit) return 0;
    return Math.max(1, (this.#starts[this.#oldest] ?? now) + this.#windowInMs - now);
  }
}

/** The first error ends it, after what is in progress has ended. @returns the results, in order of the items */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const errors: unknown[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (errors.length > 0) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}
