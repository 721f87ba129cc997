import { readFileSync } from "node:fs";
import { UserError } from "../../domain/user-error.ts";
import type { LocalHome } from "../home.ts";
import { serverStates, type ServerState } from "./records.ts";

const everyInMilliseconds = 500;
const insistEveryInMilliseconds = 5_000;

/**
 * Aborts `work` when a server ends: otherwise it would wait for its own timeout, 20 minutes for a Job without
 * kube-controller-manager.
 *
 * @param work - must stop when its signal is aborted. The signal's `abort` event is repeated: Pulumi's engine first ends
 *   gracefully, which can mean waiting for the server that died, and at the second event it ends at once.
 * @throws UserError `local-server-ended` with each such server and the end of its log; else what `work` throws.
 */
export async function whileServersRun<T>(
  home: LocalHome,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const combined = AbortSignal.any([signal, ended.signal]);
  let insist: NodeJS.Timeout | undefined;
  const look = () => serverStates(home).filter(({ crashed }) => crashed);
  let before = look();
  const timer = setInterval(() => {
    // seen twice: a server that is being restarted has also ended
    const dead = look();
    const stayed = dead.filter(({ name }) => before.some((state) => state.name === name));
    before = dead;
    if (stayed.length === 0 || insist !== undefined) return;
    ended.abort(failureOf(stayed));
    insist = setInterval(() => combined.dispatchEvent(new Event("abort")), insistEveryInMilliseconds);
  }, everyInMilliseconds);
  try {
    return await work(combined);
  } catch (error) {
    // `work` may fail before the next look finds the server that ended
    const dead = signal.aborted ? [] : look();
    throw dead.length > 0 ? failureOf(dead, error) : error;
  } finally {
    clearInterval(timer);
    clearInterval(insist);
  }
}

function failureOf(dead: readonly ServerState[], cause?: unknown): UserError {
  const logs = dead.map(({ log }) => log);
  return UserError.of(
    "local-server-ended",
    `${dead.map(({ name }) => name).join(" and ")} ended while it was needed${logs.map(lastLines).join("")}`,
    `run the same command again: it starts what does not run and continues; the log is in ${logs.join(" and ")}`,
    { cause },
  );
}

/** Each line indented on a line of its own. */
export function lastLines(log: string): string {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-4);
  return lines.map((line) => `\n    ${line.slice(0, 300)}`).join("");
}
