import { UserError } from "../../../domain/user-error.ts";
import type { Json, JsonObject } from "../property-value.ts";

/** One `kubectl wait --for` expression; undefined means that it holds, a text says what it still waits for. */
export type WaitCondition = (live: JsonObject) => string | undefined;

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
  return (live) => {
    const missing = conditions.map((condition) => condition(live)).filter((reason) => reason !== undefined);
    return missing.length === 0 ? undefined : missing.join("; ");
  };
}

function parseList(text: string): string[] {
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list) && list.length > 0 && list.every((part) => typeof part === "string")) return list;
  } catch {
    // Told below, as any other text that is no expression.
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

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

function conditionHolds(type: string, status: string): WaitCondition {
  return (live) => {
    const { metadata, status: state } = live as {
      metadata?: { generation?: number };
      status?: { conditions?: readonly Condition[]; observedGeneration?: number };
    };
    const condition = state?.conditions?.find((one) => one.type?.toLowerCase() === type.toLowerCase());
    if (condition === undefined) return `condition ${type} is not set`;
    const observed = condition.observedGeneration ?? state?.observedGeneration;
    if (observed !== undefined && metadata?.generation !== undefined && observed < metadata.generation) {
      return `condition ${type} is of generation ${observed}, not ${metadata.generation}`;
    }
    if (condition.status?.toLowerCase() === status.toLowerCase()) return undefined;
    const why = [condition.reason, condition.message].filter((text) => text !== undefined && text !== "").join(": ");
    return `condition ${type} is ${condition.status ?? "unset"}, not ${status}${why === "" ? "" : `: ${why}`}`;
  };
}

function valueIs(path: string, wanted: string | undefined): WaitCondition {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  return (live) => {
    let value: Json | undefined = live;
    for (const step of steps) {
      value =
        typeof value === "object" && value !== null ? (value as { [key: string]: Json | undefined })[step] : undefined;
    }
    if (value === undefined || value === null) return `.${path} is not set`;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return wanted === undefined || text === wanted ? undefined : `.${path} is not ${wanted}`;
  };
}
