import { safeLine, wrapped } from "../../domain/safe-text.ts";
import { severities } from "../rule.ts";
import { ruleById, rules } from "../rules.ts";
import type { LintFinding, LintResult } from "./judge-located.ts";

const codeWidth = Math.max(...rules.map(({ id }) => id.length));

const unknownName = "authority-not-in-catalogue";
/** With more unknown names than this, the catalogue was written for another repository. */
const manyUnknown = 20;

type Group = readonly [code: string, findings: readonly LintFinding[]];

const mostShown = 5;

/**
 * A report for people: by rule, worst first, each with what to do. It only counts notes, and unknown names if there are
 * many: `lint --learn` prints those. @param columns - width to wrap at. @default - no wrapping, for a file or a pipe
 */
export function renderText({ findings: all, skipped, files, documents }: LintResult, columns?: number): string {
  const findings = all.filter(({ severity }) => severity !== "note");
  const counted = `${count(documents, "document")} in ${count(files, "file")}`;
  const unknown = findings.filter(({ code }) => code === unknownName).length;
  const isForeign = unknown > manyUnknown;
  const groups = [...Map.groupBy(findings, ({ code }) => code)].toSorted(
    (a, b) => rank(a) - rank(b) || b[1].length - a[1].length,
  );
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const verdict =
    findings.length === 0
      ? `${counted}: nothing found`
      : `${counted}: ${count(findings.length, "finding")} of ${count(groups.length, "rule")}, ${errors} of them mandatory`;
  const notes = all.length - findings.length;
  return (
    [
      notes === 0 ? verdict : `${verdict}; ${count(notes, "note")} with --json`,
      "",
      ...groups.map(summaryLine),
      ...(groups.length > 0 ? ["", ...firstSteps(groups, isForeign ? unknown : 0), ""] : []),
      ...groups.filter(([code]) => !isForeign || code !== unknownName).flatMap(details),
      ...skippedLines(skipped),
      ...(groups.length === 0 && skipped.length > 0 ? [notJudged(skipped.length)] : []),
    ]
      // a name in a linted file may contain line breaks and control characters
      .map((line) => wrapped(safeLine(line), indentOf(line, columns), columns))
      .join("\n")
      .trimEnd()
  );
}

function summaryLine([code, findings]: Group): string {
  const rule = ruleById.get(code);
  const severity = (rule?.severity ?? "-").padEnd(8);
  return `  ${String(findings.length).padStart(5)}  ${severity}  ${code.padEnd(codeWidth)}  ${rule?.description ?? ""}`.trimEnd();
}

function details([code, findings]: Group): readonly string[] {
  const rule = ruleById.get(code);
  return [
    code,
    ...(rule === undefined ? [] : [`  why: ${rule.why}`, `  fix: ${rule.remediation}`]),
    ...findings.slice(0, mostShown).flatMap((one) => place(one, rule?.remediation)),
    ...andMore(findings.length - mostShown),
    "",
  ];
}

function andMore(left: number): readonly string[] {
  return left > 0 ? [`  ... and ${left} more`] : [];
}

/** Place and problem on lines of their own, since both are long. */
function place({ where = "", subject, problem, fix, file }: LintFinding, usual: string | undefined): readonly string[] {
  const isNamed = problem.startsWith(`${subject}: `);
  // a file that is its own subject is named once
  const called = !isNamed || subject.endsWith(file) ? where : `${where}  ${subject}`;
  const rest = isNamed ? problem.slice(subject.length + 2) : problem;
  return [`  ${called}`, `      ${rest}`, ...(fix === usual ? [] : [`      fix: ${fix}`])];
}

/** The rest of a summary line is below its last column, if there is room. */
function indentOf(line: string, columns = Infinity): number {
  const summary = /^ {2} *\d+ {2}\S+ +\S+ +(?=\S)/.exec(line)?.[0].length;
  return summary !== undefined && summary < columns / 2 ? summary : line.length - line.trimStart().length + 4;
}

function skippedLines(skipped: LintResult["skipped"]): readonly string[] {
  if (skipped.length === 0) return [];
  return [
    `not judged, or not by every rule: ${count(skipped.length, "document")}`,
    ...[...Map.groupBy(skipped, ({ reason }) => reason)].flatMap(([reason, own]) => [
      ...own.slice(0, mostShown).map(({ file, line }) => `  ${file}:${line}: ${reason}`),
      ...andMore(own.length - mostShown),
    ]),
    "",
  ];
}

/** The last line of a run without findings: it must not look as if everything was judged. */
function notJudged(skipped: number): string {
  const [verb, rest] = skipped === 1 ? ["was", "it"] : ["were", "them"];
  return `${count(skipped, "document")} ${verb} not judged: render ${rest} first; --strict fails for ${rest}`;
}

/** @param unknown - unknown names, if there are so many that they are one task. */
function firstSteps(groups: readonly Group[], unknown: number): readonly string[] {
  const worst = groups.find(([code]) => unknown === 0 || code !== unknownName);
  const begin = worst && `begin with ${worst[0]}: ${count(worst[1].length, "place")}, the worst of what was found`;
  const names = `names that the catalogue does not know: ${count(unknown, "place")}, listed only by --json; print entries that classify all of them: ameide-secrets lint --learn PATH`;
  return [begin ?? [], unknown === 0 ? [] : names].flat();
}

/** Errors before warnings, then by the rule's severity; a code that is not a rule's counts as high. */
function rank([code, findings]: Group): number {
  const severity = ruleById.get(code)?.severity ?? "high";
  return (findings.some((one) => one.severity === "error") ? 0 : 10) + severities.indexOf(severity);
}

function count(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}
