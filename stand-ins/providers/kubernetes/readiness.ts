import type { JsonObject, PropertyMap } from "../property-value.ts";
import { annotation, isSet } from "./annotations.ts";
import { parseWaitFor } from "./wait-condition.ts";

/** Where an object is on its way to what was asked of it. */
export type Progress =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string };

export type Judge = (live: JsonObject) => Progress;

/**
 * What an update waits for: the annotation's condition, for a Job its completion, else nothing.
 *
 * @throws UserError if the annotation `pulumi.com/waitFor` is not understood.
 */
export function judgeFor(kind: string, inputs: PropertyMap): Judge | undefined {
  if (isSet(inputs, "skipAwait")) return undefined;
  const waitFor = annotation(inputs, "waitFor");
  if (waitFor === undefined) return kind === "Job" ? judgeJob : undefined;
  const condition = parseWaitFor(waitFor);
  return (live) => {
    const reason = condition(live);
    return reason === undefined ? { state: "ready" } : { state: "waiting", reason };
  };
}

interface JobStatus {
  readonly active?: number;
  readonly failed?: number;
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
}

export function judgeJob(live: JsonObject): Progress {
  const { active = 0, failed = 0, conditions = [] } = (live["status"] ?? {}) as JobStatus;
  const condition = (type: string) => conditions.find((one) => one.type === type && one.status === "True");
  if (condition("Complete") !== undefined) return { state: "ready" };
  const failure = condition("Failed");
  if (failure === undefined) return { state: "waiting", reason: `pods active: ${active}, failed: ${failed}` };
  const why = [failure.reason, failure.message].filter((text) => text !== undefined && text !== "").join(": ");
  return { state: "failed", reason: `Job failed: ${why}` };
}
