import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { placeOf } from "../tests/support/local-chain.ts";
import { forget, temporaryHome } from "../tests/support/servers.ts";
import type { Bench, Measurement } from "./bench.ts";

const startFile = fileURLToPath(new URL("../local/start.mjs", import.meta.url));
const limitInMib = 1536;
const sampleEveryInMilliseconds = 100;
const nearPeak = 0.97;
const pageInMib = 4 / 1024;

/**
 * `npm start` as a person runs it, from nothing running and a second time: its time, and the memory of everything it starts,
 * servers, engine, program, pack and providers, added up in the same moment. Linux only.
 */
export const startBench: Bench = {
  name: "start",
  async run(): Promise<readonly Measurement[]> {
    const home = await temporaryHome();
    const place = placeOf(home);
    const family = new Family(process.pid);
    try {
      const first = await started(place, family);
      const again = await started(place, family);
      const standing = family.sample();
      return [
        { what: "first start", unit: "ms", value: first.milliseconds, floor: { what: "its limit", value: 45_000 } },
        {
          what: "peak of all processes, first start",
          unit: "MiB",
          value: sum(first.peak),
          floor: { what: "its limit", value: limitInMib },
        },
        { what: "second start", unit: "ms", value: again.milliseconds, floor: { what: "its limit", value: 15_000 } },
        {
          what: "peak of all processes, second start",
          unit: "MiB",
          value: sum(again.peak),
          floor: { what: "its limit", value: limitInMib },
        },
        { what: "all that stays", unit: "MiB", value: sum(standing) },
        ...parts("of that", standing),
        ...parts("of the first peak", first.peak),
      ];
    } finally {
      await forget(home);
    }
  },
};

async function started(place: readonly string[], family: Family) {
  const begin = performance.now();
  const child = spawn(process.execPath, [startFile, "--no-first-look", ...place], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let peak: ReadonlyMap<string, number> = new Map();
  let mostResident = 0;
  const timer = setInterval(() => {
    // to tell shared pages apart, all of them must be walked: only done where it could be the peak
    const resident = family.resident();
    if (resident < mostResident * nearPeak) return;
    mostResident = Math.max(mostResident, resident);
    const now = family.sample();
    if (sum(now) > sum(peak)) peak = now;
  }, sampleEveryInMilliseconds);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("exit", resolve);
  });
  clearInterval(timer);
  if (code !== 0) throw new Error(`npm start ended with ${code}: ${said}`);
  return { milliseconds: performance.now() - begin, peak };
}

function parts(words: string, sizes: ReadonlyMap<string, number>): readonly Measurement[] {
  return [...sizes].map(([what, value]) => ({ what: `${words} ${what}`, unit: "MiB", value }));
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}

/** Every process below one, also when the one between has ended and init has taken it over. */
class Family {
  readonly #root: number;
  readonly #members = new Set<number>();

  constructor(root: number) {
    this.#root = root;
  }

  /** MiB of all, what they share counted for each. */
  resident(): number {
    this.#gather();
    return [...this.#members].reduce(
      (all, pid) => all + Number(textOf(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * pageInMib,
      0,
    );
  }

  /** MiB by command. Proportional, so that what processes share (Node's own code) is counted once. */
  sample(): ReadonlyMap<string, number> {
    this.#gather();
    const sizes = new Map<string, number>();
    for (const pid of this.#members) {
      const pss = /^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1];
      const command = commandOf(pid);
      if (pss !== undefined) sizes.set(command, (sizes.get(command) ?? 0) + Number(pss) / 1024);
    }
    return sizes;
  }

  #gather(): void {
    const parents = new Map(
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map((name) => [Number(name), parentOf(name)]),
    );
    for (const member of this.#members) if (!parents.has(member)) this.#members.delete(member);
    for (let before = -1; before !== this.#members.size;) {
      before = this.#members.size;
      for (const [pid, parent] of parents)
        if (parent === this.#root || this.#members.has(parent)) this.#members.add(pid);
    }
  }
}

/** The fourth field; the second, the command in brackets, may hold anything. */
function parentOf(pid: string): number {
  const stat = textOf(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2]);
}

/** The program's name, or the script that Node runs. */
function commandOf(pid: number): string {
  const [program = "", ...args] = textOf(`/proc/${pid}/cmdline`).split("\0");
  const script = args.find((arg) => /\.[cm]?[jt]s$/.test(arg));
  return (script ?? program).split("/").at(-1) ?? program;
}

/** Empty where the process has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const bin = fileURLToPath(new URL("../cli/bin.mjs", import.meta.url));
const rounds = 20;

/** What a person waits for before the command line says anything: the modules that every command loads. */
export const cliBench: Bench = {
  name: "cli",
  run() {
    millisecondsOf(bin, "--help"); // fills Node's compile cache
    const help: number[] = [];
    const bare: number[] = [];
    // by turns, so that what else the machine does falls on both
    for (let round = 0; round < rounds; round += 1) {
      bare.push(millisecondsOf("-e", "0"));
      help.push(millisecondsOf(bin, "--help"));
    }
    const floor = { what: "node -e 0", value: Math.min(...bare) };
    const measured: readonly Measurement[] = [
      { what: "ameide-secrets --help", unit: "ms", value: Math.min(...help), floor },
    ];
    return Promise.resolve(measured);
  },
};

/** Milliseconds from start to end of one Node. */
function millisecondsOf(...args: readonly string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr.toString()}`);
  return performance.now() - begin;
}
