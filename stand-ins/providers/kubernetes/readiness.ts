import type { JsonObject, PropertyMap } from "../property-value.ts";
import { annotation, isSet } from "./annotations.ts";
import { parseWaitFor } from "./wait-condition.ts";

/** Where an object is on its way to what was asked of it. */
export type Progress =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly status: string }
  | { readonly state: "failed"; readonly reason: string };

export interface Wait {
  judge(live: JsonObject): Progress;
  /** What the real provider says when the time is up: it does not read the object again for a cause. */
  timedOut(name: string): string;
}

/**
 * What an update waits for: the annotation's condition, for a Job its completion, else nothing.
 *
 * @throws UserError if the annotation `pulumi.com/waitFor` is not understood.
 */
export function waitFor(kind: string, inputs: PropertyMap): Wait | undefined {
  if (isSet(inputs, "skipAwait")) return undefined;
  const asked = annotation(inputs, "waitFor");
  if (asked === undefined) return kind === "Job" ? jobWait : undefined;
  const holds = parseWaitFor(asked);
  return {
    judge: (live) => (holds(live) ? { state: "ready" } : { state: "waiting", status: `waiting for ${asked}` }),
    timedOut: () => "timed out waiting for the condition",
  };
}

const jobWait: Wait = { judge: judgeJob, timedOut: (name) => `'${name}' timed out waiting to be Ready` };

interface JobStatus {
  readonly active?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
}

export function judgeJob(live: JsonObject): Progress {
  const { active = 0, succeeded = 0, failed = 0, conditions = [] } = (live["status"] ?? {}) as JobStatus;
  const condition = (type: string) => conditions.find((one) => one.type === type && one.status === "True");
  if (condition("Complete") !== undefined) return { state: "ready" };
  const failure = condition("Failed");
  if (failure !== undefined) return { state: "failed", reason: `[${failure.reason ?? ""}] ${failure.message ?? ""}` };
  const counts = `Active: ${active} | Succeeded: ${succeeded} | Failed: ${failed}`;
  return { state: "waiting", status: `Waiting for Job to succeed (${counts})` };
}
