import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Figure {
  /** A row of the table; with several sizes, a line in the chart. */
  readonly what: string;
  readonly size?: number;
  readonly unit: "ms" | "KiB" | "MiB" | "calls";
  readonly value: number;
  /** The lower bound: measured in the same run or computed from a documented limit, never guessed. */
  readonly floor?: { readonly what: string; readonly value: number };
  readonly limit?: number;
  /** Peak of the process that did the work. */
  readonly memoryInMib?: number;
}

export const sizes = [10, 100, 1_000, 5_000] as const;

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/**
 * Times work and floor alternately, so that other load affects both, and takes the minimum of each.
 *
 * @returns milliseconds, and the peak memory of this process before the floor's first round.
 */
export async function besides(
  what: string,
  { work, floor, rounds = 2 }: { work: () => Promise<unknown>; floor: () => Promise<unknown>; rounds?: number },
): Promise<Pick<Figure, "unit" | "value" | "memoryInMib"> & Required<Pick<Figure, "floor">>> {
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

/** Peak of this process so far. */
export function peakInMib(): number {
  return process.resourceUsage().maxRSS / 1024;
}

export interface Result {
  readonly name: string;
  /** Such as `2026-11-30`. */
  readonly date: string;
  readonly seconds: number;
  /** Load average of the machine before and after. */
  readonly load: readonly number[];
  readonly machine: string;
  readonly figures: readonly Figure[];
}

export const resultsFile = fileURLToPath(new URL("results.json", import.meta.url));

export function readResults(): readonly Result[] {
  return existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, "utf8")) as readonly Result[]) : [];
}

export function ratioOf({ value, floor }: Figure): string {
  return floor === undefined || floor.value === 0 ? "" : (value / floor.value).toFixed(2);
}

/** Such as `1.2 s` or `310 MiB`. */
export function amount(value: number, unit: Figure["unit"]): string {
  const [shown, name] = unit === "ms" && value >= 1000 ? [value / 1000, "s"] : [value, unit];
  return `${shown.toLocaleString("en", { maximumSignificantDigits: shown < 1000 ? 3 : 6 })} ${name}`;
}

export function figureText(figure: Figure): string {
  const { what, size, value, unit, floor, memoryInMib } = figure;
  return [
    `${what}${size === undefined ? "" : ` (${size.toLocaleString("en")})`}: ${amount(value, unit)}`,
    ...(floor === undefined ? [] : [`${ratioOf(figure)} times ${amount(floor.value, unit)} (${floor.what})`]),
    ...(memoryInMib === undefined ? [] : [amount(memoryInMib, "MiB")]),
  ].join(", ");
}
