import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { exemptionFor, type Exemption } from "../exemptions.ts";
import { isStackRule, type Place, type ResourceRule, type Rule, type StackRule, type Violation } from "../rule.ts";
import { rules } from "../rules.ts";
import { formatPath, type Path } from "../subject/reading.ts";
import type { Subject } from "../subject/subject.ts";
import { toFinding } from "../to-finding.ts";
import { judge, judgeStack } from "../verdict.ts";
import type { LintFinding, Skipped } from "./result.ts";

/** A subject with where it stands. */
export interface Located {
  readonly subject: Subject;
  readonly place: Place;
  /** Whether nothing says where it goes. @default false */
  readonly isPlaceAssumed?: boolean;
  readonly file: string;
  /** Line of a path in the subject, from 1. */
  readonly lineOf: (path: Path) => number;
}

export interface LintContext {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
}

const resourceRules = rules.filter((rule): rule is ResourceRule => !isStackRule(rule));
const stackRules = rules.filter(isStackRule);

const rulesByKind = Map.groupBy(
  resourceRules.flatMap((rule) => rule.kinds.map((kind) => ({ kind, rule }))),
  ({ kind }) => kind,
);

/** What one subject is found to be, and what cannot be told of it. */
export interface Judged {
  readonly findings: readonly LintFinding[];
  readonly skipped: readonly Skipped[];
}

/** Judges one subject by itself. */
export function judgeOne(one: Located, context: LintContext): Judged {
  const { subject, place, isPlaceAssumed = false } = one;
  const findings: LintFinding[] = [];
  const undecided: { readonly rule: Rule; readonly path: Path }[] = [];
  for (const { rule } of rulesByKind.get(subject.kind) ?? []) {
    const verdict = judge(rule, subject, { catalogue: context.catalogue, place, isPlaceAssumed });
    if (verdict.kind === "violation")
      findings.push(...verdict.violations.flatMap((violation) => found(rule, one, violation, context)));
    if (verdict.kind === "undecided" && rule.levels[place] !== "off") undecided.push({ rule, path: verdict.path });
  }
  return { findings, skipped: [...Map.groupBy(undecided, ({ path }) => formatPath(path))].map(cannotTell(one)) };
}

/** Only a state file holds what nobody can read. The reason names no subject, so that reports count equal ones together. */
function cannotTell({ file, lineOf }: Located) {
  return ([path, own]: readonly [string, readonly { readonly rule: Rule; readonly path: Path }[]]): Skipped => {
    const ids = own.map(({ rule }) => rule.id).join(", ");
    return {
      file,
      line: lineOf(own[0]?.path ?? []),
      reason: `cannot tell by ${ids}: ${path} is encrypted in the state`,
    };
  };
}

/** Judges what each environment has together. */
export function judgeStacks(located: readonly Located[], context: LintContext): readonly LintFinding[] {
  const byPlace = Map.groupBy(located, ({ place }) => place);
  return [...byPlace].flatMap(([place, own]) => stackRules.flatMap((rule) => judgeTogether(rule, own, place, context)));
}

function judgeTogether(
  rule: StackRule,
  own: readonly Located[],
  place: Place,
  context: LintContext,
): readonly LintFinding[] {
  const bySubject = new Map(own.map((one) => [one.subject, one]));
  const verdict = judgeStack(rule, [...bySubject.keys()], { catalogue: context.catalogue, place });
  if (verdict.kind !== "violation") return [];
  return verdict.violations.flatMap((violation) => {
    const one = violation.subject === undefined ? undefined : bySubject.get(violation.subject);
    return one === undefined ? [] : found(rule, one, violation, context);
  });
}

function found(
  rule: Rule,
  { subject, place, file, lineOf }: Located,
  violation: Violation,
  { exemptions, today }: LintContext,
): readonly LintFinding[] {
  const level = rule.levels[place];
  if (level === "off") return [];
  const exempted = exemptionFor(exemptions, { rule: rule.id, subject: subject.label, place }, today);
  const line = lineOf(violation.path ?? []);
  const finding = toFinding(
    rule,
    exempted.kind === "holds" ? "advisory" : level,
    subject,
    violation,
    `${file}:${line}`,
  );
  return [Object.assign({ file, line }, finding)];
}
