import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { exemptionFor, type Exemption } from "../exemptions.ts";
import { isStackRule, type Place, type ResourceRule, type Rule, type StackRule, type Violation } from "../rule.ts";
import { rules } from "../rules.ts";
import type { Path } from "../subject/reading.ts";
import type { Subject } from "../subject/subject.ts";
import { toFinding } from "../to-finding.ts";
import { judge, judgeStack } from "../verdict.ts";
import type { LintFinding } from "./result.ts";

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

/** Judges one subject by itself. */
export function judgeOne(one: Located, context: LintContext): readonly LintFinding[] {
  return (rulesByKind.get(one.subject.kind) ?? []).flatMap(({ rule }) => {
    const { subject, place, isPlaceAssumed = false } = one;
    const verdict = judge(rule, subject, { catalogue: context.catalogue, place, isPlaceAssumed });
    return verdict.kind === "violation"
      ? verdict.violations.flatMap((violation) => found(rule, one, violation, context))
      : [];
  });
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
