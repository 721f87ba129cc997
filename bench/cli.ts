import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Bench, Measurement } from "./bench.ts";

const bin = fileURLToPath(new URL("../cli/bin.mjs", import.meta.url));
const rounds = 20;

/** What a person waits for before the command line says anything: the modules that every command loads. */
export const cliBench: Bench = {
  name: "cli",
  run() {
    started(bin, "--help"); // fills Node's compile cache
    const help: number[] = [];
    const bare: number[] = [];
    // by turns, so that what else the machine does falls on both
    for (let round = 0; round < rounds; round += 1) {
      bare.push(started("-e", "0"));
      help.push(started(bin, "--help"));
    }
    const floor = { what: "node -e 0", value: Math.min(...bare) };
    const measured: readonly Measurement[] = [
      { what: "ameide-secrets --help", unit: "ms", value: Math.min(...help), floor },
    ];
    return Promise.resolve(measured);
  },
};

/** Milliseconds from start to end of one Node. */
function started(...args: readonly string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr.toString()}`);
  return performance.now() - begin;
}
