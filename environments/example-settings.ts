import type { Finding } from "../domain/finding.ts";
import { formatPath, type KeyPath } from "../domain/schema-findings.ts";
import { settingSources } from "./setting-sources.ts";
import { stackFileName } from "./stack-file.ts";

/** One digit throughout, as in the stack files of this repository. */
const exampleGuid = /\b([1-9])\1{7}-\1{4}-4\1{3}-8\1{3}-\1{12}\b/;

/**
 * Settings that still hold the example ids of this repository: Azure would refuse them with a message about something else.
 * In offline plans they serve as well as any.
 */
export function exampleFindings(stack: string, settings: unknown, path: KeyPath = []): readonly Finding[] {
  if (typeof settings === "object" && settings !== null) {
    return Object.entries(settings).flatMap(([key, value]) => exampleFindings(stack, value, [...path, key]));
  }
  if (typeof settings !== "string" || !exampleGuid.test(settings)) return [];
  const subject = formatPath(path);
  return [
    {
      code: "settings-example",
      stage: path[0] === "cluster" ? "identity" : "key-vault",
      severity: "warning",
      where: stackFileName(stack),
      subject,
      problem: `${subject} of ${stack} is still the example of this repository`,
      fix: settingSources[subject] ?? "set your own",
    },
  ];
}
