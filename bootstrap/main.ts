import { randomUUID } from "node:crypto";
import { bootstrapExitCodes } from "../domain/bootstrap-config.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";
import { readInvocation, type Invocation } from "./invocation.ts";
import { Log } from "./log.ts";
import { runBootstrap } from "./run.ts";
import { longestWaitingRunInMs, scheduledTiming, waitingTiming } from "./timing.ts";

/** The program inside the CronJob: environment and flags in, log lines and an exit code out. */
async function main(): Promise<number> {
  const runId = process.env["VAULT_BOOTSTRAP_RUN_ID"] ?? randomUUID();
  const log = new Log((line) => process.stdout.write(line), runId);
  try {
    const invocation = await readInvocation(process.argv.slice(2), process.env);
    const timing = invocation.waitForPropagation || invocation.untilUnsealed ? waitingTiming : scheduledTiming;
    return await runBootstrap({
      invocation,
      runId,
      timing,
      log,
      signal: stopSignal(invocation, timing.propagationInMs),
    });
  } catch (error) {
    const { code, problem, fix } =
      error instanceof BootstrapFailure
        ? error
        : { code: "internal-error" as const, problem: messageOf(error), fix: "" };
    log.error("summary", { cause: code, exitCode: bootstrapExitCodes[code], problem, fix });
    return bootstrapExitCodes[code];
  }
}

/** Aborted by SIGTERM (the pod is to end) and by the run's own deadline, whichever comes first. */
function stopSignal({ config }: Invocation, propagationInMs: number): AbortSignal {
  const stop = new AbortController();
  const end = (problem: string, fix: string): void => stop.abort(new BootstrapFailure("terminated", problem, fix));
  const onSignal = (name: string): void =>
    end(
      `stopped by ${name} after it finished the writes in progress`,
      "nothing to fix: the next run continues from here",
    );
  process.once("SIGTERM", onSignal);
  process.once("SIGINT", onSignal);
  const own = config.deadlineInSeconds * 1000;
  const deadlineInMs = propagationInMs === 0 ? own : Math.min(own + propagationInMs, longestWaitingRunInMs);
  setTimeout(
    () =>
      end(
        `not done after ${deadlineInMs / 1000} s`,
        "the log shows what it waited for; if a run needs that long, raise bootstrapIntervalInMinutes",
      ),
    deadlineInMs,
  ).unref();
  return stop.signal;
}

// set, not called, so that a slow reader of the log still gets all of it
void main().then((code) => {
  process.exitCode = code;
});
