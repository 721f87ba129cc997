import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Exemption } from "../exemptions.ts";
import { judgeSubject, judgeTogether, type JudgedFinding, type JudgingOptions } from "../judge.ts";
import { isOwnUrn } from "../place.ts";
import type { Place, RuleContext } from "../rule.ts";
import { rules } from "../rules.ts";
import { formatPath, type LineOf } from "../subject/reading.ts";
import type { Subject } from "../subject/subject.ts";
import type { LintFinding, Skipped } from "./result.ts";

/** A subject and where it is. */
export interface Located {
  readonly subject: Subject;
  readonly place: Place;
  /** See RuleContext. */
  readonly isPlaceAssumed?: boolean;
  readonly file: string;
  readonly lineOf: LineOf;
}

export interface LintContext extends Pick<RuleContext, "vaults"> {
  readonly catalogue: Catalogue;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
}

const rulesByKind = Map.groupBy(
  rules.flatMap((rule) => rule.kinds.map((kind) => ({ kind, rule }))),
  ({ kind }) => kind,
);

/** Judges one subject on its own; `skipped` lists what some rules cannot decide. */
export function judgeOne(
  one: Located,
  context: LintContext,
): { readonly findings: readonly LintFinding[]; readonly skipped: readonly Skipped[] } {
  const { subject, place, isPlaceAssumed = false, file, lineOf } = one;
  const isOwnStack = subject.origin === "document" || isOwnUrn(subject.id);
  const judging: JudgingOptions = {
    ...judgingOf(context, place, { isPlaceAssumed, isOwnStack }),
    undecided: "note",
  };
  const judged = (rulesByKind.get(subject.kind) ?? []).flatMap(({ rule }) => judgeSubject(rule, subject, judging));
  const undecided = judged.filter(({ violation }) => violation === undefined);
  const byPath = Map.groupBy(undecided, ({ path }) => formatPath(path));
  return {
    findings: judged.filter(({ violation }) => violation !== undefined).map((found) => located(one, found)),
    // only a state file holds what nobody can read; without the subject's name, reports count equal reasons together
    skipped: [...byPath].map(([path, own]) => {
      const ids = own.map(({ finding }) => finding.code).join(", ");
      return {
        file,
        line: lineOf(own[0]?.path ?? []),
        reason: `cannot be judged by ${ids}: ${path} is encrypted in the state`,
      };
    }),
  };
}

/** Judges together what each environment has. */
export function judgeStacks(all: readonly Located[], context: LintContext): readonly LintFinding[] {
  return [...Map.groupBy(all, ({ place }) => place)].flatMap(([place, own]) => {
    const bySubject = new Map(own.map((one) => [one.subject, one]));
    const judging = judgingOf(context, place);
    return rules.flatMap((rule) =>
      judgeTogether(rule, [...bySubject.keys()], judging).flatMap((judged) => {
        const one = judged.subject && bySubject.get(judged.subject);
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
  return { context: { catalogue, place, ...known, ...(vaults && { vaults }) }, exemptions, today };
}

function located({ file, lineOf }: Located, { finding, path, violation }: JudgedFinding): LintFinding {
  const line = lineOf(path, violation?.line);
  return { ...finding, where: `${file}:${line}`, file, line };
}
