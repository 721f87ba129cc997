import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { readRecords } from "../../local/servers/records.ts";
import { serverNames, type ServerName } from "../../local/servers/server.ts";
import { startCommand, type Ended, type Running } from "../support/command-line.ts";
import type { LocalChain } from "../support/local-chain.ts";
import { processes } from "../support/processes.ts";

/** What is killed in a round of `local up` that carries new values. */
export const victims = ["command line", "engine", "vault-bootstrap", ...serverNames] as const;
export type Victim = (typeof victims)[number];

export interface KillRound {
  readonly victim: Victim;
  /** From the start of the run to the kill. */
  readonly killedAfterInSeconds: number;
  /** Of the run that met the kill; `null` if it was the victim. */
  readonly exitCode: number | null;
  /** From the kill to the end of the run that met it. */
  readonly noticedAfterInSeconds: number;
  /** Runs without a kill until one exits with 0. */
  readonly reruns: number;
  /** From the start of the first of them. */
  readonly recoveredInSeconds: number;
  /** Standard error of the run that met the kill. */
  readonly output: string;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A run that needs more of them has left something behind that it cannot fix. */
const mostReruns = 3;
/** A run that has not ended by then waits for what cannot happen. */
const longestRunInSeconds = 600;
/** A run takes 15 s or more; a kill after its end meets a standing environment, which is a case as well. */
const spreadInSeconds = 18;

/**
 * Kills one process in each round, at a random moment of a run that carries new values, and reruns it to its end.
 *
 * @param values - what the chain carries: each round gives every secret but GHCR_USERNAME a new value.
 * @throws AssertionError if a value is neither the old nor the new one after a kill, or no rerun completes.
 */
export async function killRounds(
  chain: LocalChain,
  values: Readonly<Record<string, string>>,
  {
    rounds,
    seed,
    only = victims,
    report = () => {},
  }: {
    readonly rounds: number;
    readonly seed: number;
    /** @default - any of {@link victims} */
    readonly only?: readonly Victim[];
    readonly report?: (round: KillRound) => void;
  },
): Promise<readonly KillRound[]> {
  const random = randomFrom(seed);
  const done: KillRound[] = [];
  let old = values;
  for (let number = 0; number < rounds; number++) {
    const renewed = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        name === "GHCR_USERNAME" ? value : `${value}-${seed}-${number}`,
      ]),
    );
    const victim = only[Math.floor(random() * only.length)] ?? "command line";
    const round = await killRound(chain, old, renewed, victim, random() * spreadInSeconds);
    report(round);
    done.push(round);
    old = renewed;
  }
  return done;
}

async function killRound(
  chain: LocalChain,
  old: Readonly<Record<string, string>>,
  renewed: Readonly<Record<string, string>>,
  victim: Victim,
  afterInSeconds: number,
): Promise<KillRound> {
  const file = chain.envFile(renewed);
  const startedAt = performance.now();
  const run = startCommand(["local", "up", "--no-overview", "--dotenv", file, ...chain.place]);
  await Promise.race([sleep(afterInSeconds * 1000), run.ended]);
  await kill(chain, run, victim);
  const killedAt = performance.now();
  const { code, err: output } = await endOf(run, victim);
  const noticedAt = performance.now();
  for (let reruns = 1; ; reruns++) {
    const { code: again, err } = await chain.up(renewed);
    if (again === 0) {
      await requireWhole(chain, renewed);
      return {
        victim,
        killedAfterInSeconds: (killedAt - startedAt) / 1000,
        exitCode: code,
        noticedAfterInSeconds: (noticedAt - killedAt) / 1000,
        reruns,
        recoveredInSeconds: (performance.now() - noticedAt) / 1000,
        output,
      };
    }
    assert.ok(reruns < mostReruns, `${victim} killed after ${afterInSeconds.toFixed(1)} s: ${err}`);
    await requireOldOrNew(chain, old, renewed).catch((error: unknown) => {
      if (error instanceof assert.AssertionError) throw error;
      // the API server may not run
    });
  }
}

/** @throws AssertionError with what it printed, if it goes on for longer than any run takes. */
async function endOf(run: Running, victim: Victim): Promise<Ended> {
  const timer = setTimeout(() => run.kill("SIGKILL"), longestRunInSeconds * 1000);
  const ended = await run.ended;
  clearTimeout(timer);
  if (victim !== "command line")
    assert.ok(
      ended.code !== null,
      `a run went on for ${longestRunInSeconds} s after ${victim} was killed:\n${ended.err}`,
    );
  return ended;
}

/** The engine and vault-bootstrap run for a part of the time: they are killed as soon as they run, or not at all. */
async function kill({ home }: LocalChain, run: Running, victim: Victim): Promise<void> {
  if (victim === "command line") return run.kill("SIGKILL");
  if ((serverNames as readonly string[]).includes(victim)) {
    const record = readRecords(home).find(({ name }) => name === (victim as ServerName));
    return end(record?.pid);
  }
  const pattern = victim === "engine" ? /^\S*\bpulumi / : /vault-bootstrap\S*\.cjs/;
  const over = run.ended.then(() => true);
  for (;;) {
    const found = processes().find(
      ({ command, environment }) => pattern.test(command) && `${command}${environment}`.includes(home.dir),
    );
    if (found !== undefined) return end(found.pid);
    if (await Promise.race([over, sleep(50, false)])) return;
  }
}

function end(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}

/** One secret of each of three Kubernetes Secrets: what was mixed or lost would show there. */
const carried = [
  ["langfuse-secrets", "LANGFUSE_SECRET_KEY"],
  ["inference-api-credentials", "ANTHROPIC_API_KEY"],
  ["inference-api-credentials", "OPENAI_API_KEY"],
] as const;

async function requireWhole(chain: LocalChain, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [secret, key] of carried)
    assert.equal((await chain.secret("ameide-local", secret))[key], values[key], `${secret}/${key} after the rerun`);
}

async function requireOldOrNew(
  chain: LocalChain,
  old: Readonly<Record<string, string>>,
  renewed: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [secret, key] of carried) {
    const found = (await chain.secret("ameide-local", secret))[key];
    assert.ok(found === old[key] || found === renewed[key], `${secret}/${key} has neither its old nor its new value`);
  }
}

/** The number below which this part of the others is. */
function quantile(numbers: readonly number[], part: number): number {
  const index = Math.min(numbers.length - 1, Math.floor(numbers.length * part));
  return numbers.toSorted((a, b) => a - b)[index] ?? 0;
}

/** What a reader wants to know of all rounds: every one of them ended with its values whole. */
export function formatSummary(rounds: readonly KillRound[]): string {
  const atFirst = rounds.filter(({ reruns }) => reruns === 1).length;
  const recovered = rounds.map(({ recoveredInSeconds }) => recoveredInSeconds);
  const noticed = rounds.map(({ noticedAfterInSeconds }) => noticedAfterInSeconds);
  const spread = (numbers: readonly number[]) =>
    `median ${quantile(numbers, 0.5).toFixed(1)} s, 90 % within ${quantile(numbers, 0.9).toFixed(1)} s, longest ${Math.max(0, ...numbers).toFixed(1)} s`;
  return [
    `${rounds.length} rounds: no value lost, none mixed; ${atFirst} complete at the first rerun`,
    `the killed run ended: ${spread(noticed)} after the kill`,
    `time to recover: ${spread(recovered)}`,
  ].join("\n");
}

/** The rounds by victim, as lines of a table. */
export function formatRounds(rounds: readonly KillRound[]): string {
  const lines = [...Map.groupBy(rounds, ({ victim }) => victim)].map(([victim, of]) => {
    const worst = Math.max(...of.map(({ reruns }) => reruns));
    const [noticed, recovered] = [of.map((one) => one.noticedAfterInSeconds), of.map((one) => one.recoveredInSeconds)];
    return `| ${victim} | ${of.length} | ${quantile(noticed, 0.5).toFixed(1)} | ${Math.max(...noticed).toFixed(1)} | ${worst} | ${quantile(recovered, 0.5).toFixed(1)} | ${Math.max(...recovered).toFixed(1)} |`;
  });
  return [
    "| killed | rounds | noticed after, median (s) | longest (s) | most reruns | recovered in, median (s) | longest (s) |",
    "|---|---|---|---|---|---|---|",
    ...lines.toSorted(),
  ].join("\n");
}
