import { bootstrapExitCodes, type BootstrapCause, type BootstrapPhase } from "../domain/bootstrap-config.ts";
import { messageOf, type BootstrapFailure } from "./failure.ts";
import type { Outcome } from "./phases/write.ts";
import type { Run } from "./run-context.ts";
import { StatusConfigMap } from "./status.ts";

/** What is known at the end of a run, however it ended. */
export interface Ending {
  readonly runId: string;
  readonly startedAt: Date;
  readonly cause: BootstrapCause;
  readonly phase: BootstrapPhase | undefined;
  readonly failure: BootstrapFailure | undefined;
  readonly outcomes: readonly Outcome[];
  /** Whether the run was to open Vault and no more. */
  readonly untilUnsealed: boolean;
  readonly sourceCalls: number;
}

/** Kubernetes keeps the last 2 KiB of a failed container's log as its message: the summary is to fit in. */
const problemInLog = 1_200;

/**
 * Reports the result of the run to `doctor`. A run that only unsealed Vault has nothing to report, and one that met another run
 * leaves the status to that one.
 */
export async function writeStatus(run: Run, ending: Ending): Promise<void> {
  const { runId, startedAt, cause, phase, failure, outcomes, untilUnsealed } = ending;
  if (run.dryRun || cause === "lease-held" || (cause === "ok" && untilUnsealed)) return;
  const finishedAt = new Date().toISOString();
  try {
    await new StatusConfigMap(run).write({
      runId,
      startedAt: startedAt.toISOString(),
      finishedAt,
      ...(cause === "ok" ? { lastSuccessAt: finishedAt } : {}),
      cause,
      ...(failure === undefined || phase === undefined ? {} : { phase }),
      ...(failure === undefined ? {} : { message: failure.message }),
      secrets: outcomes.map(({ secret: { name, path }, cause: _cause, ...rest }) => ({ name, path, ...rest })),
    });
  } catch (error) {
    // the secrets are where they belong: the run is what it was, and says that its status is old
    run.log.warn("status-not-written", { because: messageOf(error) });
  }
}

/** The one line that every run ends with. */
export function summarise({ log, dryRun }: Run, ending: Ending): void {
  const { startedAt, cause, failure, outcomes, sourceCalls } = ending;
  const count = (wanted: string): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const fields = {
    cause,
    exitCode: bootstrapExitCodes[cause],
    dryRun,
    written: count("written"),
    unchanged: count("unchanged"),
    kept: count("kept"),
    failed: count("failed"),
    delivered: outcomes.filter(({ deliveredAt }) => deliveredAt !== undefined).length,
    notDelivered: outcomes.filter(({ notDelivered }) => notDelivered !== undefined).length,
    expired: outcomes.filter(({ expiresAt }) => Date.parse(expiresAt ?? "") <= Date.now()).length,
    sourceCalls,
    durationInMs: Date.now() - startedAt.getTime(),
    ...(failure === undefined ? {} : { problem: failure.problem.slice(0, problemInLog), fix: failure.fix }),
  };
  if (failure === undefined) log.info("summary", fields);
  else log.error("summary", fields);
}
