import { AzureError } from "./azure-error.ts";
import type { SecretOperationKind } from "./secret-operation.ts";
import type { StandInSettings } from "./context.ts";

/** Counts events in a sliding window: the n-th is let through once the (n - limit)-th is older than the window. */
export class RateWindow {
  readonly #limit: number;
  readonly #windowInMilliseconds: number;
  /** Ring of the last `limit` passages; long ago where there was none. */
  readonly #passages: Float64Array;
  #next = 0;

  constructor(limit: number, windowInMilliseconds: number) {
    this.#limit = limit;
    this.#windowInMilliseconds = windowInMilliseconds;
    this.#passages = new Float64Array(limit).fill(-Infinity);
  }

  /**
   * Takes one passage.
   *
   * @param now - milliseconds, never going back.
   * @returns 0 where it passes, else the milliseconds until the next one would; a refusal does not count.
   */
  take(now: number): number {
    const oldest = this.#passages[this.#next] ?? -Infinity;
    const free = oldest + this.#windowInMilliseconds;
    if (now < free) return free - now;
    this.#passages[this.#next] = now;
    this.#next = (this.#next + 1) % this.#limit;
    return 0;
  }
}

const windowInMilliseconds = 10_000;

/** Key Vault's two published limits: creations on their own, everything else together. */
export class Throttle {
  readonly #settings: StandInSettings;
  #windows: { readonly creations: RateWindow; readonly transactions: RateWindow; readonly made: string } | undefined;

  constructor(settings: StandInSettings) {
    this.#settings = settings;
  }

  /** @throws AzureError 429 Throttled with Retry-After in whole seconds. */
  take(kind: SecretOperationKind, now: number): void {
    if (!this.#settings.throttling) return;
    const { creations, transactions } = this.#current();
    const wait = (kind === "secret-set" ? creations : transactions).take(now);
    if (wait === 0) return;
    const message =
      "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    const headers = { "Retry-After": String(Math.ceil(wait / 1000)) };
    throw AzureError.keyVault(429, "Throttled", message, { headers });
  }

  /** New limits begin with an empty window. */
  #current() {
    const { creationsPer10Seconds, transactionsPer10Seconds } = this.#settings;
    const made = `${creationsPer10Seconds} ${transactionsPer10Seconds}`;
    if (this.#windows?.made === made) return this.#windows;
    this.#windows = {
      creations: new RateWindow(creationsPer10Seconds, windowInMilliseconds),
      transactions: new RateWindow(transactionsPer10Seconds, windowInMilliseconds),
      made,
    };
    return this.#windows;
  }
}
