import { bootstrapExitCodes, type BootstrapCause } from "../../domain/bootstrap-config.ts";
import { valuesOf, type JobState, type Snapshot } from "../snapshot.ts";
import type { Expectation } from "./view.ts";

export interface BootstrapFailureSeen {
  readonly cause: BootstrapCause;
  readonly where: string;
  readonly seen: string;
  /** Job of the failed run, where it still exists. */
  readonly job?: string;
}

/** How the newest run failed, by its status or its last log line; `undefined` if it succeeded or there was none. */
export function lastFailure(
  snapshot: Snapshot,
  { namespace, bootstrap }: Expectation,
): BootstrapFailureSeen | undefined {
  const { status, jobs, log } = snapshot.bootstrap;
  const { pods } = snapshot;
  const newest = valuesOf(jobs).find(({ result }) => result !== "running");
  if (status.ok && !isOlder(status.value.finishedAt, newest)) {
    const { cause, phase, message: text = "" } = status.value;
    const [message = ""] = text.split("\n"); // its own fix is not evidence
    if (cause === "ok") return undefined;
    const where = `ConfigMap ${namespace}/${bootstrap.config.statusConfigMap}`;
    const seen = `${cause}${phase === undefined ? "" : ` in ${phase}`}${message === "" ? "" : `: ${message}`}`;
    return { cause, where, seen, ...(newest && { job: newest.name }) };
  }
  if (newest?.result !== "failed") return undefined;
  const run = { where: `Job ${namespace}/${newest.name}`, job: newest.name };
  const ended = newest.reason ?? "failed";
  if (pods.ok && !pods.value.some(({ owner }) => owner === `Job/${newest.name}`)) {
    // the pod was deleted, and its log with it: a run that fails on its own leaves its pod
    return { ...run, cause: "terminated", seen: `${ended}; its pod is gone` };
  }
  return { ...run, ...(causeInLog(valuesOf(log)) ?? { cause: "internal-error", seen: ended }) };
}

/** A status that was written before the newest Job began is another run's. */
function isOlder(finishedAt: string, newest: JobState | undefined): boolean {
  return newest !== undefined && newest.result === "failed" && Date.parse(finishedAt) < Date.parse(newest.createdAt);
}

function causeInLog(lines: readonly string[]): Pick<BootstrapFailureSeen, "cause" | "seen"> | undefined {
  for (const line of lines.toReversed()) {
    try {
      const { cause, message } = JSON.parse(line) as { cause?: string; message?: string };
      if (cause !== undefined && cause in bootstrapExitCodes) {
        return { cause: cause as BootstrapCause, seen: `${cause}: ${message ?? ""}`.slice(0, 600) };
      }
    } catch {
      continue; // Node's own words, such as a stack
    }
  }
  return undefined;
}
