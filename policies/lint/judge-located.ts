import type { Finding } from "../../domain/finding.ts";
import { judge, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import { isOwnUrn, type PolicyEnvironment } from "../environment.ts";
import { isStackRule, type RuleContext } from "../rule.ts";
import { rules } from "../rules.ts";
import { formatPath } from "../subject/reading.ts";
import type { Located } from "../subject/subject.ts";

/** A finding in a file. `where` is `file:line`. */
export interface LintFinding extends Finding {
  /** Below the path that was linted; `<stdin>` for standard input. */
  readonly file: string;
  /** From 1; the document's first line where nothing nearer is known. */
  readonly line: number;
}

/** A document that no rule judged, or that some rules cannot decide. It is not a finding. */
export interface Skipped {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export interface LintResult {
  /** Worst first, then by file and line. */
  readonly findings: readonly LintFinding[];
  readonly skipped: readonly Skipped[];
  readonly files: number;
  /** YAML and JSON documents, resources of state files, and `.env` files. */
  readonly documents: number;
}

/** @param isStrict - whether a document that was not judged is a failure. @default false */
export function isClean({ findings, skipped }: LintResult, isStrict = false): boolean {
  return !findings.some(({ severity }) => severity === "error") && !(isStrict && skipped.length > 0);
}

export interface InFile extends Located {
  readonly file: string;
  readonly environment: PolicyEnvironment;
  readonly isEnvironmentAssumed?: boolean;
}

export interface LintContext
  extends Pick<RuleContext, "catalogue" | "vaults">, Pick<JudgingOptions, "exemptions" | "today"> {}

const rulesByKind = Map.groupBy(
  rules.filter((rule) => !isStackRule(rule)).flatMap((rule) => rule.kinds.map((kind) => ({ kind, rule }))),
  ({ kind }) => kind,
);

/** Judges one subject on its own; `skipped` lists what some rules cannot decide. */
export function judgeOne(one: InFile, context: LintContext): Pick<LintResult, "findings" | "skipped"> {
  const { subject, environment, isEnvironmentAssumed = false, file, lineOf } = one;
  const isOwnStack = subject.origin === "document" || isOwnUrn(subject.id);
  const judging = {
    ...judgingOf(context, environment, { isEnvironmentAssumed, isOwnStack }),
    undecided: "note",
  } as const;
  const judged = (rulesByKind.get(subject.kind) ?? []).flatMap(({ rule }) => judge(rule, [subject], judging));
  const undecided = judged.filter(({ violation }) => violation === undefined);
  return {
    findings: judged.filter(({ violation }) => violation !== undefined).map((found) => located(one, found)),
    // only a state file holds what nobody can read; without the subject's name, reports count equal reasons together
    skipped: [...Map.groupBy(undecided, ({ path }) => formatPath(path))].map(([path, own]) => {
      const ids = own.map(({ finding }) => finding.code).join(", ");
      const reason = `cannot be judged by ${ids}: ${path} is encrypted in the state`;
      return { file, line: lineOf(own[0]?.path ?? []), reason };
    }),
  };
}

export function judgeStacks(all: readonly InFile[], context: LintContext): readonly LintFinding[] {
  return [...Map.groupBy(all, ({ environment }) => environment)].flatMap(([environment, own]) => {
    const bySubject = new Map(own.map((one) => [one.subject, one]));
    const judging = judgingOf(context, environment);
    const judged = rules.filter(isStackRule).flatMap((rule) => judge(rule, [...bySubject.keys()], judging));
    return judged.flatMap((found) => {
      const one = found.subject && bySubject.get(found.subject);
      return one === undefined ? [] : [located(one, found)];
    });
  });
}

function judgingOf(
  { catalogue, exemptions, today, vaults }: LintContext,
  environment: PolicyEnvironment,
  known: Pick<RuleContext, "isEnvironmentAssumed" | "isOwnStack"> = {},
): JudgingOptions {
  return { context: { catalogue, environment, ...known, vaults }, exemptions, today };
}

function located({ file, lineOf }: InFile, { finding, path, violation }: JudgedFinding): LintFinding {
  const line = lineOf(path, violation?.line);
  return { ...finding, where: `${file}:${line}`, file, line };
}
