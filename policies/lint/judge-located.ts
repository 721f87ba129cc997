import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Exemption } from "../exemptions.ts";
import { judgeSubject, judgeTogether, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import { isOwnUrn } from "../place.ts";
import { isStackRule, type Place, type RuleContext } from "../rule.ts";
import { rules } from "../rules.ts";
import { formatPath } from "../subject/reading.ts";
import type { LineOf } from "../subject/documents.ts";
import type { Subject } from "../subject/subject.ts";
import type { LintFinding, Skipped } from "./result.ts";

/** A subject with where it stands. */
export interface Located {
  readonly subject: Subject;
  readonly place: Place;
  /** Whether nothing says where it goes. @default false */
  readonly isPlaceAssumed?: boolean;
  readonly file: string;
  /** Line of a path in the subject, from 1; with a line of the text that is the value there. */
  readonly lineOf: LineOf;
}

export interface LintContext {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** See RuleContext. */
  readonly vaults?: RuleContext["vaults"];
}

const resourceRules = rules.filter((rule) => !isStackRule(rule));
const stackRules = rules.filter(isStackRule);

const rulesByKind = Map.groupBy(
  resourceRules.flatMap((rule) => rule.kinds.map((kind) => ({ kind, rule }))),
  ({ kind }) => kind,
);

/** Judges one subject on its own: what was found, and what some rules cannot tell. */
export function judgeOne(
  one: Located,
  context: LintContext,
): { readonly findings: readonly LintFinding[]; readonly skipped: readonly Skipped[] } {
  const isOwnStack = one.subject.origin === "document" || isOwnUrn(one.subject.id);
  const own = judgingOf(context, one.place, { isPlaceAssumed: one.isPlaceAssumed ?? false, isOwnStack });
  const judging: JudgingOptions = { ...own, undecided: "note" };
  const judged = (rulesByKind.get(one.subject.kind) ?? []).flatMap(({ rule }) =>
    judgeSubject(rule, one.subject, judging),
  );
  const undecided = judged.filter(({ violation }) => violation === undefined);
  return {
    findings: judged.filter(({ violation }) => violation !== undefined).map((found) => located(one, found)),
    skipped: [...Map.groupBy(undecided, ({ path }) => formatPath(path)).values()].map((own) => cannotTell(one, own)),
  };
}

/** Only a state file holds what nobody can read. The reason names no subject, so that reports count equal ones together. */
function cannotTell({ file, lineOf }: Located, own: readonly JudgedFinding[]): Skipped {
  const path = own[0]?.path ?? [];
  const ids = own.map(({ finding }) => finding.code).join(", ");
  return { file, line: lineOf(path), reason: `cannot tell by ${ids}: ${formatPath(path)} is encrypted in the state` };
}

/** Judges what each environment has together. */
export function judgeStacks(all: readonly Located[], context: LintContext): readonly LintFinding[] {
  return [...Map.groupBy(all, ({ place }) => place)].flatMap(([place, own]) => {
    const bySubject = new Map(own.map((one) => [one.subject, one]));
    const judging = judgingOf(context, place);
    return stackRules.flatMap((rule) =>
      judgeTogether(rule, [...bySubject.keys()], judging).flatMap((judged) => {
        const one = judged.subject === undefined ? undefined : bySubject.get(judged.subject);
        return one === undefined ? [] : [located(one, judged)];
      }),
    );
  });
}

function judgingOf(
  { catalogue, exemptions, today, vaults }: LintContext,
  place: Place,
  known: Pick<RuleContext, "isPlaceAssumed" | "isOwnStack"> = {},
): JudgingOptions {
  return {
    context: { catalogue, place, ...known, ...(vaults === undefined ? {} : { vaults }) },
    exemptions,
    today,
  };
}

function located({ file, lineOf }: Located, { finding, path, violation }: JudgedFinding): LintFinding {
  const line = lineOf(path, violation?.line);
  return { ...finding, where: `${file}:${line}`, file, line };
}
