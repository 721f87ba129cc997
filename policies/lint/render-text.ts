import { severities } from "../rule.ts";
import { rules } from "../rules.ts";
import type { LintFinding, LintResult } from "./result.ts";

const ruleById = new Map(rules.map((rule) => [rule.id, rule]));

export interface TextOptions {
  /** Places shown of each rule. @default 5 */
  readonly perRule?: number;
}

/** For people: by rule, worst first, each with what to do; the first run on an old repository must be worth reading. */
export function renderText(
  { findings, skipped, files, documents }: LintResult,
  { perRule = 5 }: TextOptions = {},
): string {
  const counted = `${count(documents, "document")} in ${count(files, "file")}`;
  const groups = [...Map.groupBy(findings, ({ code }) => code)].toSorted(
    ([a, own], [b, other]) => rank(a, own) - rank(b, other) || other.length - own.length,
  );
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const verdict =
    findings.length === 0
      ? `${counted}: nothing found`
      : `${counted}: ${count(findings.length, "finding")} of ${count(groups.length, "rule")}, ${errors} of them mandatory`;
  return [
    verdict,
    "",
    ...groups.map(([code, own]) => summaryLine(code, own)),
    ...(groups.length > 0 ? [""] : []),
    ...groups.flatMap(([code, own]) => group(code, own, perRule)),
    ...skippedLines(skipped),
    ...(groups.length > 0 ? [nextStep(groups[0]?.[0] ?? "", groups[0]?.[1] ?? [])] : []),
  ]
    .join("\n")
    .trimEnd();
}

function summaryLine(code: string, own: readonly LintFinding[]): string {
  const rule = ruleById.get(code);
  const severity = (rule?.severity ?? "-").padEnd(8);
  return `  ${String(own.length).padStart(5)}  ${severity}  ${code.padEnd(32)}  ${rule?.description ?? ""}`.trimEnd();
}

function group(code: string, own: readonly LintFinding[], perRule: number): readonly string[] {
  const rule = ruleById.get(code);
  const shown = own.slice(0, perRule);
  return [
    code,
    ...(rule === undefined ? [] : [`  why: ${rule.why}`, `  fix: ${rule.remediation}`]),
    ...shown.flatMap(({ where = "", problem, fix }) => [
      `  ${where}: ${problem}`,
      ...(fix === rule?.remediation ? [] : [`    fix: ${fix}`]),
    ]),
    ...(own.length > shown.length ? [`  ... and ${own.length - shown.length} more`] : []),
    "",
  ];
}

function skippedLines(skipped: LintResult["skipped"]): readonly string[] {
  if (skipped.length === 0) return [];
  const byReason = Map.groupBy(skipped, ({ reason }) => reason);
  return [
    `not judged: ${count(skipped.length, "document")}`,
    ...[...byReason].flatMap(([reason, own]) => [
      ...own.slice(0, 5).map(({ file, line }) => `  ${file}:${line}: ${reason}`),
      ...(own.length > 5 ? [`  ... and ${own.length - 5} more`] : []),
    ]),
    "",
  ];
}

function nextStep(code: string, own: readonly LintFinding[]): string {
  return `begin with ${code}: ${count(own.length, "place")}, the worst of what was found`;
}

/** Errors before warnings, then by the rule's severity; what no rule names comes among the high ones. */
function rank(code: string, own: readonly LintFinding[]): number {
  const severity = ruleById.get(code)?.severity ?? "high";
  return (own.some((one) => one.severity === "error") ? 0 : 10) + severities.indexOf(severity);
}

function count(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}
