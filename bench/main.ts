import { parseArgs } from "node:util";
import { azureBench } from "./azure.ts";
import type { Bench, Measurement } from "./bench.ts";
import { cliBench, startBench } from "./start.ts";
import { bootstrapBench } from "./bootstrap.ts";
import { diagnoseBench } from "./diagnose.ts";
import { envPushBench } from "./env-push.ts";
import { latencyBench } from "./latency.ts";
import { liveBench } from "./live.ts";
import { lintBench, policiesBench } from "./policies.ts";
import { programBench } from "./program.ts";

/**
 * `node bench/main.ts [NAME...] [--runs N] [--json]`: runs the benches, of several runs the best (a shared machine only
 * ever adds), and prints each figure with its floor. It does not judge: a person reads the figures.
 */
const benches: readonly Bench[] = [
  azureBench,
  cliBench,
  lintBench,
  policiesBench,
  programBench,
  bootstrapBench,
  envPushBench,
  diagnoseBench,
  liveBench,
  latencyBench,
  startBench,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "1" }, json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
const runs = Number(values.runs);
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  const problem =
    unknown.length > 0 ? `no bench is called ${unknown.join(", ")}` : "--runs takes a whole number above 0";
  process.stderr.write(`bench: ${problem}\n  fix: use ${benches.map(({ name }) => name).join(", ")}, --runs 3\n`);
  process.exit(2);
}

const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
for (const bench of chosen) {
  process.stderr.write(`${bench.name}: running\n`);
  const best = await bestOf(bench, runs);
  if (values.json) process.stdout.write(`${JSON.stringify({ bench: bench.name, measurements: best })}\n`);
  else process.stdout.write(`${best.map((one) => `${bench.name}: ${line(one)}`).join("\n")}\n`);
}

async function bestOf(bench: Bench, count: number): Promise<readonly Measurement[]> {
  let best = await bench.run();
  for (let n = 1; n < count; n++) {
    const next = await bench.run();
    best = best.map((one, index) => better(one, next[index] ?? one));
  }
  return best;
}

/** By the ratio where there is a floor, since both were measured in the same minute. */
function better(a: Measurement, b: Measurement): Measurement {
  return (ratio(a) ?? a.value) <= (ratio(b) ?? b.value) ? a : b;
}

function ratio({ value, floor }: Measurement): number | undefined {
  return floor === undefined ? undefined : value / floor.value;
}

function line(measurement: Measurement): string {
  const { what, value, unit, floor } = measurement;
  const figure = `${what.padEnd(34)} ${value.toFixed(0).padStart(8)} ${unit}`;
  if (floor === undefined) return figure;
  return `${figure}, ${(ratio(measurement) ?? 0).toFixed(2)} times ${floor.value.toFixed(0)} ${unit} (${floor.what})`;
}
