/** How long a wait may last, and who hears of it. */
export interface Patience {
  readonly timeoutInMilliseconds: number;
  readonly cancelled: AbortSignal;
  /** Gets what is waited for, each time it is looked at. */
  readonly onStatus: (text: string) => void;
}

const firstPauseInMilliseconds = 100;
const longestPauseInMilliseconds = 1000;

/** Pauses between two looks, without end: short at first, since most waits are, then a second each. */
export function* pauses(): Generator<number> {
  for (let pause = firstPauseInMilliseconds; ; pause = Math.min(pause * 1.5, longestPauseInMilliseconds)) yield pause;
}
