/** A measurement, and the least that it could cost on the same machine in the same minute. */
export interface Bench {
  readonly name: string;
  /** Measures everything once; whoever runs it repeats. */
  run(): Promise<readonly Measurement[]>;
}

export interface Measurement {
  /** Such as `read 1,000 secrets`. */
  readonly what: string;
  readonly unit: "ms" | "KiB" | "MiB" | "calls";
  readonly value: number;
  /** The least it could be: measured or computed, never guessed. Left out where there is none. */
  readonly floor?: { readonly what: string; readonly value: number };
}

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
