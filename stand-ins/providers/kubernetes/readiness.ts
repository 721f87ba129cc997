import type { JsonObject, PropertyMap, Json } from "../property-value.ts";
import { annotation, isSet } from "./annotations.ts";
import { UserError } from "../../../domain/user-error.ts";

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

/** One `kubectl wait --for` expression: whether it holds. */
export type WaitCondition = (live: JsonObject) => boolean;

/**
 * Reads the annotation `pulumi.com/waitFor`: `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Up`,
 * `jsonpath={.status.ip}`, or a JSON list of these, which must all hold.
 *
 * @throws UserError if it is none of these.
 * @see https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
 */
export function parseWaitFor(text: string): WaitCondition {
  const parts = text.startsWith("[") ? parseList(text) : [text];
  const conditions = parts.map(parseOne);
  return (live) => conditions.every((condition) => condition(live));
}

function parseList(text: string): string[] {
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list) && list.length > 0 && list.every((part) => typeof part === "string")) return list;
  } catch {
    // Reported below, as any other text that is not an expression.
  }
  throw notUnderstood(text);
}

function parseOne(text: string): WaitCondition {
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition !== null) return conditionHolds(condition[1] ?? "", condition[2] ?? "True");
  const jsonPath = /^jsonpath=['"]?\{?\.([^}='"]+)\}?['"]?(?:=(.*))?$/.exec(text);
  if (jsonPath !== null) return valueIs(jsonPath[1] ?? "", jsonPath[2]);
  throw notUnderstood(text);
}

function notUnderstood(text: string): UserError {
  return UserError.of(
    "wait-for-not-understood",
    `annotation pulumi.com/waitFor is ${JSON.stringify(text)}`,
    "use condition=TYPE, condition=TYPE=STATUS, jsonpath={.PATH}=VALUE, or a JSON list of these",
  );
}

function conditionHolds(type: string, status: string): WaitCondition {
  return (live) => {
    const { metadata, status: state } = live as {
      metadata?: { generation?: number };
      status?: { conditions?: readonly Condition[]; observedGeneration?: number };
    };
    const condition = state?.conditions?.find((one) => one.type?.toLowerCase() === type.toLowerCase());
    const observed = condition?.observedGeneration ?? state?.observedGeneration;
    const isOld = observed !== undefined && metadata?.generation !== undefined && observed < metadata.generation;
    return !isOld && condition?.status?.toLowerCase() === status.toLowerCase();
  };
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly observedGeneration?: number;
}

function valueIs(path: string, wanted: string | undefined): WaitCondition {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  return (live) => {
    let value: Json | undefined = live;
    for (const step of steps) {
      value =
        typeof value === "object" && value !== null ? (value as { [key: string]: Json | undefined })[step] : undefined;
    }
    if (value === undefined || value === null) return false;
    return wanted === undefined || wanted === (typeof value === "object" ? JSON.stringify(value) : String(value));
  };
}
