import { redactionOf, type Redaction } from "../../domain/redaction.ts";

/**
 * The same data without any known value in its free texts: messages of Events and conditions, log lines, annotations, the
 * CronJob's environment, custom metadata. Others wrote these, and nothing promises that they contain no value. Names stay.
 *
 * @param values - as they were read; see `redactionOf` for the forms in which they are found.
 */
export function withoutValues<T>(data: T, values: ReadonlySet<string>): T {
  return walk(data, "", redactionOf(values)) as T;
}

const freeTexts: ReadonlySet<string> = new Set(["message", "log", "unschedulable", "reason"]);
/** Objects whose texts are all free. */
const freeObjects: ReadonlySet<string> = new Set(["annotations", "labels", "environment", "customMetadata"]);

function walk(data: unknown, key: string, redact: Redaction): unknown {
  if (typeof data === "string") return freeTexts.has(key) ? redact(data) : data;
  if (Array.isArray(data)) return data.map((one) => walk(one, key, redact));
  if (typeof data !== "object" || data === null) return data;
  // an observed part is `log: { ok, value: [...] }`
  return Object.fromEntries(
    Object.entries(data).map(([name, one]) => [
      name,
      walk(one, freeObjects.has(key) ? "message" : name === "value" ? key : name, redact),
    ]),
  );
}
