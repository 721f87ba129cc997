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
