import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { placeOf } from "../tests/support/local-chain.ts";
import { forget, temporaryHome } from "../tests/support/servers.ts";
import type { Figure } from "./bench.ts";

const startFile = fileURLToPath(new URL("../local/start.mjs", import.meta.url));
const sampleEveryInMilliseconds = 100;
const nearPeak = 0.97;
const pageInMib = 4 / 1024;

export async function* start(): AsyncGenerator<Figure> {
  const home = await temporaryHome();
  const place = placeOf(home);
  const family = new Family(process.pid);
  const started = async (what: string, limit: number): Promise<Figure> => {
    const { milliseconds, peak } = await startOnce(place, family);
    return { what, unit: "ms", value: milliseconds, limit, memoryInMib: sum(peak) };
  };
  try {
    yield await started("first start", 45_000);
    yield await started("second start", 15_000);
    const running = family.sample();
    yield { what: "all that stays", unit: "MiB", value: sum(running), limit: 1_536 };
    for (const [what, value] of running) yield { what: `of that ${what}`, unit: "MiB", value };
  } finally {
    await forget(home);
  }
}

async function startOnce(place: readonly string[], family: Family) {
  const begin = performance.now();
  const child = spawn(process.execPath, [startFile, "--no-overview", ...place], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let peak: ReadonlyMap<string, number> = new Map();
  let mostResident = 0;
  const timer = setInterval(() => {
    // finding shared pages means reading all of them: only done near a possible peak
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

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}

/** All descendants of a process, including those that init has adopted. */
class Family {
  readonly #root: number;
  readonly #members = new Set<number>();

  constructor(root: number) {
    this.#root = root;
  }

  /** MiB of all; shared memory counts for each. */
  resident(): number {
    this.#gather();
    return [...this.#members].reduce(
      (all, pid) => all + Number(textOf(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * pageInMib,
      0,
    );
  }

  /** MiB by command. Proportional, so that shared memory (Node's own code) counts once. */
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

/** The fourth field; the second, the command in brackets, may contain anything. */
function parentOf(pid: string): number {
  const stat = textOf(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2]);
}

function commandOf(pid: number): string {
  const [program = "", ...args] = textOf(`/proc/${pid}/cmdline`).split("\0");
  const script = args.find((arg) => /\.[cm]?[jt]s$/.test(arg));
  return (script ?? program).split("/").at(-1) ?? program;
}

/** Empty if the process has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
