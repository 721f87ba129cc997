import type { z } from "zod";
import { errorFinding, type Finding } from "./finding.ts";
import { nearest } from "./nearest.ts";
import type { Stage } from "./stage.ts";

/** A place in a document: keys and list positions, outermost first. */
export type KeyPath = readonly (string | number)[];

export interface DocumentKind {
  /** Such as `catalogue-invalid`. */
  readonly code: string;
  readonly stageOf: (path: KeyPath) => Stage;
  /** `file:line` of a key path; of the nearest parent where the path itself is not there. */
  readonly whereOf: (path: KeyPath, at: "key" | "value") => string;
  /** Keys that a path allows, for the nearest match; empty where unknown. */
  readonly keysAt: (path: KeyPath) => readonly string[];
}

export function valueAt(document: unknown, path: KeyPath): unknown {
  let current = document;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

/** A key path as a person reads it, such as `vault.address` or `clusterManaged[3].pattern`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`),
    "",
  );
}

/** Every mistake that a schema finds in a document, each with place, key path, what was found and what is allowed. */
export function schemaFindings(error: z.ZodError, document: unknown, kind: DocumentKind): readonly Finding[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((key) => typeof key !== "symbol");
    const report = (at: KeyPath, place: "key" | "value", problem: string, fix: string): Finding => {
      const subject = formatPath(at);
      const where = kind.whereOf(at, place);
      return errorFinding(kind.code, kind.stageOf(at), subject, `${subject} ${problem}`, fix, where);
    };
    if (issue.code === "unrecognized_keys") {
      const known = kind.keysAt(path);
      return issue.keys.map((key) => {
        const close = nearest(key, known);
        const suggestion = close === undefined ? "remove it" : `did you mean ${close}?`;
        const fix = known.length === 0 ? suggestion : `${suggestion}; allowed: ${known.join(", ")}`;
        return report([...path, key], "key", "is not a known key", fix);
      });
    }
    const found = valueAt(document, path);
    if (issue.code === "invalid_key") return [report(path, "key", "is not a valid name", allowed(issue))];
    if (found === undefined) return [report(path, "key", "is missing", allowed(issue))];
    return [report(path, "value", `is ${describe(found)}`, allowed(issue))];
  });
}

/** What was found, without its contents; scalars of a settings file are not secrets, long text is cut. */
function describe(found: unknown): string {
  if (found === null) return "empty";
  if (Array.isArray(found)) return "a list";
  if (typeof found === "object") return "a map";
  const text = JSON.stringify(found);
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `use one of ${issue.values.map(String).join(", ")}`;
    case "invalid_type":
      return `give ${typeLabels[issue.expected] ?? issue.expected}`;
    case "invalid_key":
      return issue.issues.map(allowed).join("; ");
    case "too_small":
      return `use at least ${issue.minimum}${unitOf(issue.origin, issue.minimum)}`;
    case "too_big":
      return `use at most ${issue.maximum}${unitOf(issue.origin, issue.maximum)}`;
    case "invalid_format":
      return formatLabels[issue.format] ?? issue.message;
    case "invalid_union":
      return "options" in issue ? `use one of ${issue.options.map(String).join(", ")}` : issue.message;
    default:
      return issue.message;
  }
}

function unitOf(origin: string, bound: number | bigint): string {
  const one = Number(bound) === 1;
  if (origin === "string") return one ? " character" : " characters";
  if (origin === "array") return one ? " entry" : " entries";
  return "";
}

const typeLabels: Readonly<Record<string, string>> = {
  string: "a text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

const formatLabels: Readonly<Record<string, string>> = {
  guid: "use a GUID, such as 00000000-0000-0000-0000-000000000000",
  url: "use an http or https address",
  date: "use a date, such as 2025-12-31",
};
