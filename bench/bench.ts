export interface Figure {
  /** A row of the table; with several sizes, a line of the chart. */
  readonly what: string;
  readonly size?: number;
  readonly unit: "ms" | "KiB" | "MiB" | "calls";
  readonly value: number;
  /** The least it could be: measured in the same run, or computed from a documented limit; never guessed. */
  readonly floor?: Floor;
  /** What it must not exceed. */
  readonly limit?: number;
  /** At its peak, of the process that did the work. */
  readonly memoryInMib?: number;
}

interface Floor {
  readonly what: string;
  readonly value: number;
}

export const sizes = [10, 100, 1_000, 5_000] as const;

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/**
 * Times the work and its floor by turns, so that whatever else the machine does meets both, and takes the best of each: a
 * shared machine only ever adds.
 *
 * @returns milliseconds, and the peak of this process before the floor's first turn.
 */
export async function besides(
  what: string,
  { work, floor, rounds = 2 }: { work: () => Promise<unknown>; floor: () => Promise<unknown>; rounds?: number },
): Promise<Pick<Figure, "unit" | "value" | "memoryInMib"> & { readonly floor: Floor }> {
  let value = Infinity;
  let least = Infinity;
  let memoryInMib = 0;
  for (let round = 0; round < rounds; round += 1) {
    value = Math.min(value, await timed(work));
    if (round === 0) memoryInMib = peakInMib();
    least = Math.min(least, await timed(floor));
  }
  return { unit: "ms", value, memoryInMib, floor: { what, value: least } };
}

/** The most memory that this process has had so far. */
export function peakInMib(): number {
  return process.resourceUsage().maxRSS / 1024;
}
