import { bootstrapExitCodes, type BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { JobState, Snapshot } from "../snapshot.ts";
import type { Expectation } from "./view.ts";

export interface BootstrapFailureSeen {
  readonly cause: BootstrapCause;
  readonly where: string;
  readonly seen: string;
  /** Job of the failed run, where it is still there. */
  readonly job?: string;
}

/**
 * How the newest run that ended has failed, by the status that it left or, where it left none, by its last log line.
 * `undefined` where it succeeded or there was none.
 */
export function lastFailure(
  snapshot: Snapshot,
  { namespace, bootstrap }: Expectation,
): BootstrapFailureSeen | undefined {
  const { status, jobs, log } = snapshot.bootstrap;
  const { pods } = snapshot;
  const newest = jobs.ok ? jobs.value.find(({ result }) => result !== "running") : undefined;
  if (status.ok && !isOlder(status.value.finishedAt, newest)) {
    const { cause, phase, message: words = "" } = status.value;
    const [message = ""] = words.split("\n"); // its own fix is not evidence
    if (cause === "ok") return undefined;
    const where = `ConfigMap ${namespace}/${bootstrap.config.statusConfigMap}`;
    const seen = `${cause}${phase === undefined ? "" : ` in ${phase}`}${message === "" ? "" : `: ${message}`}`;
    return { cause, where, seen, ...(newest === undefined ? {} : { job: newest.name }) };
  }
  if (newest?.result !== "failed") return undefined;
  const isGone = pods.ok && !pods.value.some(({ owner }) => owner === `Job/${newest.name}`);
  if (isGone) {
    // the pod was deleted, and its log with it: a run that fails on its own leaves its pod
    const seen = `${newest.reason ?? "failed"}; its pod is gone`;
    return { cause: "terminated", where: `Job ${namespace}/${newest.name}`, seen, job: newest.name };
  }
  const last = log.ok ? causeInLog(log.value) : undefined;
  return {
    cause: last?.cause ?? "internal-error",
    where: `Job ${namespace}/${newest.name}`,
    seen: last?.line ?? newest.reason ?? "failed",
    job: newest.name,
  };
}

/** A status that was written before the newest Job began is another run's. */
function isOlder(finishedAt: string, newest: JobState | undefined): boolean {
  return newest !== undefined && newest.result === "failed" && Date.parse(finishedAt) < Date.parse(newest.createdAt);
}

function causeInLog(lines: readonly string[]): { readonly cause: BootstrapCause; readonly line: string } | undefined {
  for (const line of lines.toReversed()) {
    try {
      const { cause, message } = JSON.parse(line) as { cause?: string; message?: string };
      if (cause !== undefined && cause in bootstrapExitCodes) {
        return { cause: cause as BootstrapCause, line: `${cause}: ${message ?? ""}`.slice(0, 600) };
      }
    } catch {
      continue; // Node's own words, such as a stack
    }
  }
  return undefined;
}
