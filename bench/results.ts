import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure } from "./bench.ts";

/** What one benchmark found the last time it ran. */
export interface Result {
  readonly name: string;
  /** Such as `2026-11-30`. */
  readonly date: string;
  readonly seconds: number;
  /** Of the machine in the minute before and after: processes that want a processor. */
  readonly load: readonly number[];
  readonly machine: string;
  readonly figures: readonly Figure[];
}

export const resultsFile = fileURLToPath(new URL("results.json", import.meta.url));

export function readResults(): readonly Result[] {
  return existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, "utf8")) as readonly Result[]) : [];
}

/** The measured value as a multiple of its floor. */
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
