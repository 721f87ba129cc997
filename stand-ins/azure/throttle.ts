import { AzureError } from "./answer.ts";
import type { StandInSettings } from "./context.ts";

/** Counts events in a sliding window: the n-th passes once the (n - limit)-th is older than the window. */
export class RateWindow {
  readonly #limit: number;
  readonly #windowInMilliseconds: number;
  /** Ring of the last `limit` events; long ago where there was none. */
  readonly #events: Float64Array;
  #next = 0;

  constructor(limit: number, windowInMilliseconds: number) {
    this.#limit = limit;
    this.#windowInMilliseconds = windowInMilliseconds;
    this.#events = new Float64Array(limit).fill(-Infinity);
  }

  /**
   * Counts one event.
   *
   * @param now - milliseconds, never going back.
   * @returns 0 where it passes, else the milliseconds until the next one would; a refusal does not count.
   */
  take(now: number): number {
    const free = (this.#events[this.#next] ?? -Infinity) + this.#windowInMilliseconds;
    if (now < free) return free - now;
    this.#events[this.#next] = now;
    this.#next = (this.#next + 1) % this.#limit;
    return 0;
  }
}

/** Key Vault's two published limits: creations on their own, everything else together. */
export class Throttle {
  readonly #settings: StandInSettings;
  /** A new limit begins with an empty window. */
  readonly #windows = new Map<string, RateWindow>();

  constructor(settings: StandInSettings) {
    this.#settings = settings;
  }

  /** @throws AzureError 429 Throttled with Retry-After in whole seconds. */
  take(kind: string, now: number): void {
    const { throttling, creationsPer10Seconds, transactionsPer10Seconds } = this.#settings;
    if (!throttling) return;
    const isCreation = kind === "secret-set";
    const limit = isCreation ? creationsPer10Seconds : transactionsPer10Seconds;
    const key = `${isCreation} ${limit}`;
    const window = this.#windows.get(key) ?? new RateWindow(limit, 10_000);
    this.#windows.set(key, window);
    const wait = window.take(now);
    if (wait === 0) return;
    const message =
      "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    const headers = { "Retry-After": String(Math.ceil(wait / 1000)) };
    throw AzureError.keyVault(429, "Throttled", message, { headers });
  }
}
