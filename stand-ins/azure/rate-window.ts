/** Sliding window: the n-th event passes once the (n - limit)-th is older than the window. */
export class RateWindow {
  readonly #limit: number;
  readonly #windowInMilliseconds: number;
  /** Ring of the last `limit` events. */
  readonly #events: Float64Array;
  #next = 0;

  constructor(limit: number, windowInMilliseconds: number) {
    this.#limit = limit;
    this.#windowInMilliseconds = windowInMilliseconds;
    this.#events = new Float64Array(limit).fill(-Infinity);
  }

  /** @returns 0 if it passes, else milliseconds to wait; a refusal does not count. @param now - never decreases */
  take(now: number): number {
    const free = (this.#events[this.#next] ?? -Infinity) + this.#windowInMilliseconds;
    if (now < free) return free - now;
    this.#events[this.#next] = now;
    this.#next = (this.#next + 1) % this.#limit;
    return 0;
  }
}
