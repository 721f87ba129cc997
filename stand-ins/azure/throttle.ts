import { AzureError } from "./azure-error.ts";
import { RateWindow } from "./rate-window.ts";
import type { SecretOperationKind } from "./secret-operation.ts";
import type { StandInSettings } from "./settings.ts";

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
