import { safeLine } from "../../domain/safe-text.ts";
import { severities } from "../rule.ts";
import { rules } from "../rules.ts";
import type { LintFinding, LintResult } from "./result.ts";

const ruleById = new Map(rules.map((rule) => [rule.id, rule]));

export interface TextOptions {
  /** Places shown of each rule. @default 5 */
  readonly perRule?: number;
  /** Of the terminal; longer lines go on below, indented. @default - lines as long as they are, for a file or a pipe */
  readonly columns?: number | undefined;
}

/**
 * For people: by rule, worst first, each with what to do; the first run on an old repository must be worth reading. Notes,
 * which ask for nothing, are only counted, and so are unknown names where there are many: `lint --learn` prints those.
 */
export function renderText(
  { findings: all, skipped, files, documents }: LintResult,
  { perRule = 5, columns = Infinity }: TextOptions = {},
): string {
  const findings = all.filter(({ severity }) => severity !== "note");
  const counted = `${count(documents, "document")} in ${count(files, "file")}`;
  const unknown = findings.filter(({ code }) => code === unknownName).length;
  const isForeign = unknown > manyUnknown;
  const groups = [...Map.groupBy(findings, ({ code }) => code)].toSorted(
    ([a, own], [b, other]) => rank(a, own) - rank(b, other) || other.length - own.length,
  );
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const verdict =
    findings.length === 0
      ? `${counted}: nothing found`
      : `${counted}: ${count(findings.length, "finding")} of ${count(groups.length, "rule")}, ${errors} of them mandatory`;
  const notes = all.length - findings.length;
  return (
    [
      notes === 0 ? verdict : `${verdict}; ${count(notes, "note")} by --json`,
      "",
      ...groups.map(([code, own]) => summaryLine(code, own)),
      ...(groups.length > 0 ? ["", ...firstSteps(groups, isForeign ? unknown : 0), ""] : []),
      ...groups.flatMap(([code, own]) => (isForeign && code === unknownName ? [] : group(code, own, perRule))),
      ...skippedLines(skipped),
      ...(groups.length === 0 && skipped.length > 0 ? [notJudged(skipped.length)] : []),
    ]
      .flatMap((line) => wrapped(line, columns))
      // a name in a file of others may hold line breaks and worse
      .map(safeLine)
      .join("\n")
      .trimEnd()
  );
}

function summaryLine(code: string, own: readonly LintFinding[]): string {
  const rule = ruleById.get(code);
  const severity = (rule?.severity ?? "-").padEnd(8);
  return `  ${String(own.length).padStart(5)}  ${severity}  ${code.padEnd(codeWidth)}  ${rule?.description ?? ""}`.trimEnd();
}

const unknownName = "authority-not-in-catalogue";
/** Above this, the catalogue was written for another repository. */
const manyUnknown = 20;

const codeWidth = Math.max(...rules.map(({ id }) => id.length));

function group(code: string, own: readonly LintFinding[], perRule: number): readonly string[] {
  const rule = ruleById.get(code);
  const shown = own.slice(0, perRule);
  return [
    code,
    ...(rule === undefined ? [] : [`  why: ${rule.why}`, `  fix: ${rule.remediation}`]),
    ...shown.flatMap((one) => place(one, rule?.remediation)),
    ...(own.length > shown.length ? [`  ... and ${own.length - shown.length} more`] : []),
    "",
  ];
}

/** Where and what, then what is wrong with it: on lines of their own, since both are long. */
function place({ where = "", subject, problem, fix, file }: LintFinding, usual: string | undefined): readonly string[] {
  const [own, rest] = problem.startsWith(`${subject}: `) ? [subject, problem.slice(subject.length + 2)] : ["", problem];
  // a file that is the subject itself is named once
  const called = own === "" || own.endsWith(file) ? where : `${where}  ${own}`;
  return [`  ${called}`, `      ${rest}`, ...(fix === usual ? [] : [`      fix: ${fix}`])];
}

/** Breaks a line between words; what follows stands deeper than its beginning, that of a summary below its last column. */
function wrapped(line: string, columns: number): readonly string[] {
  if (line.length <= columns) return [line];
  const summary = /^ {2} *\d+ {2}\S+ +\S+ +(?=\S)/.exec(line)?.[0].length;
  const deep = " ".repeat(
    summary !== undefined && summary < columns / 2 ? summary : line.length - line.trimStart().length + 4,
  );
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const first = rest.length - rest.trimStart().length;
    const space = rest.lastIndexOf(" ", columns);
    const at = space > first ? space : rest.indexOf(" ", first);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${deep}${rest.slice(at + 1).trimStart()}`;
  }
  return [...lines, rest];
}

function skippedLines(skipped: LintResult["skipped"]): readonly string[] {
  if (skipped.length === 0) return [];
  const byReason = Map.groupBy(skipped, ({ reason }) => reason);
  return [
    `not judged, or not by every rule: ${count(skipped.length, "document")}`,
    ...[...byReason].flatMap(([reason, own]) => [
      ...own.slice(0, 5).map(({ file, line }) => `  ${file}:${line}: ${reason}`),
      ...(own.length > 5 ? [`  ... and ${own.length - 5} more`] : []),
    ]),
    "",
  ];
}

/** The last line of a run that found nothing: it must not look as if all was judged. */
function notJudged(skipped: number): string {
  const [verb, rest] = skipped === 1 ? ["was", "it"] : ["were", "them"];
  return `${count(skipped, "document")} ${verb} not judged: render ${rest} first; --strict fails for ${rest}`;
}

/** What to do first. On a repository that this catalogue was not written for, its names are one task and not many. */
function firstSteps(
  groups: readonly (readonly [code: string, own: readonly LintFinding[]])[],
  unknown: number,
): readonly string[] {
  const worst = groups.find(([code]) => unknown === 0 || code !== unknownName);
  const begin =
    worst === undefined
      ? []
      : [`begin with ${worst[0]}: ${count(worst[1].length, "place")}, the worst of what was found`];
  if (unknown === 0) return begin;
  const names = `names that the catalogue does not know: ${count(unknown, "place")}, listed only by --json; print entries that classify all of them: ameide-secrets lint --learn PATH`;
  return [...begin, names];
}

/** Errors before warnings, then by the rule's severity; what no rule names comes among the high ones. */
function rank(code: string, own: readonly LintFinding[]): number {
  const severity = ruleById.get(code)?.severity ?? "high";
  return (own.some((one) => one.severity === "error") ? 0 : 10) + severities.indexOf(severity);
}

function count(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}
