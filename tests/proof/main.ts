import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureHome } from "../../local/home.ts";
import { runCommand } from "../support/command-line.ts";
import { chainOf, placeOf, writeEnvFile } from "../support/local-chain.ts";
import { forget, temporaryHome } from "../support/servers.ts";
import { formatRounds, formatSummary, killRounds, victims, type KillRound } from "./kill-rounds.ts";

/**
 * `npm run proof`: what takes too long for every test run. vault-bootstrap is killed 100 times, then one process of a local
 * environment in each of 100 runs; the times to recover are printed. `--rounds N` and `--seed N` change that: a failure
 * prints the seed that repeats it. With `--victim NAME` each round kills that one, and vault-bootstrap is not killed alone.
 */
const text = { type: "string" } as const;
const { values: flags } = parseArgs({ options: { rounds: text, seed: text, victim: text } });
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const rounds = Number(flags.rounds ?? 100);
const seed = Number(flags.seed ?? Date.now() % 1_000_000);
print(`${rounds} rounds, seed ${seed}`);

const only = victims.filter((victim) => flags.victim === undefined || victim === flags.victim);
if (only.length === 0) throw new Error(`--victim must be one of: ${victims.join(", ")}`);

const mocha = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "mocha");
const killBootstrap = () =>
  spawnSync(mocha, ["--timeout", "0", "tests/bootstrap/kills.test.ts"], {
    stdio: "inherit",
    env: { ...process.env, KILL_ROUNDS: String(rounds) },
  });
if (flags.victim === undefined && killBootstrap().status !== 0) process.exitCode = 1;

const values = {
  GHCR_TOKEN: "proof-ghcr",
  GHCR_USERNAME: "proof-user",
  LANGFUSE_SECRET_KEY: "proof-langfuse",
  ANTHROPIC_API_KEY: "proof-anthropic",
  OPENAI_API_KEY: "proof-openai",
};
/** A run that ends later than this after the kill is printed. */
const longInSeconds = 60;
const home = await temporaryHome();
const done: KillRound[] = [];
try {
  ensureHome(home);
  const started = await runCommand(["local", "up", "--dotenv", writeEnvFile(home, values), ...placeOf(home)]);
  if (started.code !== 0) throw new Error(started.err);
  const report = (round: KillRound) => {
    done.push(round);
    print(
      `${done.length}: ${round.victim} killed after ${round.killedAfterInSeconds.toFixed(1)} s, exit code ${round.exitCode} ${round.noticedAfterInSeconds.toFixed(1)} s later, complete after ${round.reruns} rerun(s) in ${round.recoveredInSeconds.toFixed(1)} s`,
    );
    if (round.noticedAfterInSeconds > longInSeconds) print(round.output);
  };
  await killRounds(await chainOf(home), values, { rounds, seed, only, report });
} catch (error) {
  print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  print(`repeat it with: npm run proof -- --rounds ${rounds} --seed ${seed}`);
  process.exitCode = 1;
} finally {
  await forget(home);
}
print(`\n${formatRounds(done)}\n\n${formatSummary(done)}`);
