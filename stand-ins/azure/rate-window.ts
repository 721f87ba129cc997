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
