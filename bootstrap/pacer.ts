import { pauseFor } from "./retry.ts";

/** Lets at most `limit` calls begin within any window: Key Vault counts 4,000 per 10 s and vault (service limits). */
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

  /** Resolves when the next call may begin. */
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
