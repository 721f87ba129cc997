import { setTimeout as sleep } from "node:timers/promises";
import type { BootstrapRun } from "./bootstrap-job.ts";

/** A minute and more: a scheduled run takes seconds, and one that was killed keeps its lease for half a minute. */
const longestTurns = 12;

/**
 * Runs vault-bootstrap, and again where another run held the lease: by the time that one began, what this one is to carry
 * may not have been there yet.
 *
 * @param run - one run to its end.
 * @param options.tell - told each time that it waits for its turn.
 * @param options.pauseInMilliseconds - between two tries. @default 5000
 * @returns how the last one ended; still `lease-held` where its turn never came.
 */
export async function inTurn(
  run: () => Promise<BootstrapRun>,
  options: {
    readonly signal: AbortSignal;
    readonly tell: (text: string) => void;
    readonly pauseInMilliseconds?: number;
  },
): Promise<BootstrapRun> {
  const { signal, tell, pauseInMilliseconds = 5_000 } = options;
  for (let turn = 1; ; turn += 1) {
    const ended = await run();
    if (ended.cause !== "lease-held" || turn >= longestTurns) return ended;
    tell("another run of vault-bootstrap is at work; this one waits for its turn");
    await sleep(pauseInMilliseconds, undefined, { signal });
  }
}
