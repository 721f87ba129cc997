import type { Finding, Severity } from "../domain/finding.ts";
import { readableReferences } from "../domain/incidents.ts";
import { exemptionFor, type Exemption, type Exempted } from "./exemptions.ts";
import {
  familyOf,
  flattened,
  isStackRule,
  levelsOf,
  type ResourceRule,
  type Rule,
  type RuleContext,
  type StackRule,
  type Violation,
  type Violations,
} from "./rule.ts";
import { formatPath, Undecided, type Path } from "./subject/reading.ts";
import { stageOfKind, type Subject } from "./subject/subject.ts";

/** Everything in which the policy pack, the embedded guard, `lint` and the scan of a cluster differ. */
export interface JudgingOptions {
  readonly context: RuleContext;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** Treat the rule as mandatory in this place too. @default false */
  readonly everywhere?: boolean;
  /**
   * How to report a rule that needs a value which is not known yet: not at all, as a note (a preview), or as an error (an
   * update, where every value must be known).
   *
   * @default "omit"
   */
  readonly undecided?: "omit" | "note" | "error";
}

export interface JudgedFinding {
  readonly finding: Finding;
  readonly subject: Subject | undefined;
  /** Where in the subject. */
  readonly path: Path;
  /** `undefined` if the rule could not decide. */
  readonly violation: Violation | undefined;
}

/** Judges one subject by one rule; a rule over a whole stack finds nothing here. */
export function judgeSubject(rule: Rule, subject: Subject, judging: JudgingOptions): readonly JudgedFinding[] {
  if (isStackRule(rule)) return [];
  return findingsOf(rule, subject, runRule(rule, subject, judging.context), judging);
}

/** Judges all subjects of a stack together by one rule; a rule over one subject finds nothing here. */
export function judgeTogether(
  rule: Rule,
  subjects: readonly Subject[],
  judging: JudgingOptions,
): readonly JudgedFinding[] {
  if (!isStackRule(rule)) return [];
  return findingsOf(rule, undefined, runStackRule(rule, subjects, judging.context), judging);
}

/** Every problem that a rule cannot decide yet begins with it. */
export const undecidedMark = "undecided: ";

function findingsOf(
  rule: Rule,
  judgedSubject: Subject | undefined,
  verdict: Verdict,
  { context, exemptions, today, everywhere = false, undecided = "omit" }: JudgingOptions,
): readonly JudgedFinding[] {
  const level = everywhere ? "mandatory" : levelsOf(rule)[context.place];
  if (verdict.kind === "ok" || level === "off") return [];
  const finding = (
    subject: Subject | undefined,
    severity: Severity,
    problem: string,
    rest: Pick<Finding, "fix" | "exempt">,
  ): Finding => {
    const kind = subject?.kind ?? rule.kinds[0];
    const label = subject?.label ?? "the stack";
    const stage = kind === undefined ? "bootstrap" : stageOfKind[kind];
    return { code: rule.id, stage, severity, subject: label, problem: `${label}: ${problem}`, ...rest, ...seeOf(rule) };
  };
  if (verdict.kind === "undecided") {
    if (undecided === "omit") return [];
    const isNote = undecided === "note";
    const severity = isNote ? "note" : level === "mandatory" ? "error" : "warning";
    const fix = isNote ? leftToUpdate : "give the input a value that is known before this resource is created";
    const found = finding(judgedSubject, severity, `${undecidedMark}${verdict.waitsFor}`, { fix });
    return [{ finding: found, subject: judgedSubject, path: verdict.path, violation: undefined }];
  }
  return verdict.violations.map((violation) => {
    const { subject = judgedSubject, path = [], problem, fix = rule.remediation } = violation;
    const exempted = exemptionFor(
      exemptions,
      { rule: rule.id, subject: subject?.label ?? "the stack", place: context.place },
      today,
    );
    const severity = level === "advisory" || exempted.kind === "holds" ? "warning" : "error";
    const where = path.length === 0 ? "" : `${formatPath(path)}: `;
    const found = finding(subject, severity, `${where}${problem}`, { fix, ...exemptionText(exempted) });
    return { finding: found, subject, path, violation };
  });
}

const leftToUpdate = "nothing to do now: the update decides, before it creates the resource";

function exemptionText(exempted: Exempted): Pick<Finding, "exempt"> {
  if (exempted.kind === "none") return {};
  const { owner, reason, until } = exempted.exemption;
  const state = exempted.kind === "holds" ? "exempt until" : "the exemption ended on";
  return { exempt: `${state} ${until} (${owner}: ${reason})` };
}

/** Where to read more about a rule. */
export function seeOf({ references }: Rule): Pick<Finding, "see"> {
  const readable = readableReferences(references);
  return readable.length === 0 ? {} : { see: readable.join(", ") };
}

/** What a rule finds, before its level and the exemptions count. */
export type Verdict =
  | { readonly kind: "ok" }
  | { readonly kind: "violation"; readonly violations: readonly Violation[] }
  | { readonly kind: "undecided"; readonly waitsFor: string; readonly path: Path };

const ok: Verdict = { kind: "ok" };

/** Runs a rule on one subject; a subject of another kind is `ok`. */
export function runRule(rule: ResourceRule, subject: Subject, context: RuleContext): Verdict {
  if (!rule.kinds.includes(subject.kind) || (subject.isPatch === true && !judgesPatches(rule))) return ok;
  return verdictOf(() => rule.judge(subject, context));
}

/** Runs a rule on all subjects of its kinds together. */
export function runStackRule(rule: StackRule, subjects: readonly Subject[], context: RuleContext): Verdict {
  const own = subjects.filter(({ kind, isPatch = false }) => rule.kinds.includes(kind) && !isPatch);
  return verdictOf(() => rule.judgeAll(own, context));
}

/** Rules about what an object names and writes. The others require fields that a patch may leave to its object. */
const patchRules: ReadonlySet<string> = new Set([
  "authority-cluster-managed",
  "authority-not-in-catalogue",
  "authority-retired",
  "delivery-target-kind",
]);

function judgesPatches(rule: ResourceRule): boolean {
  return ["secretness", "placeholder"].includes(familyOf(rule) ?? "") || patchRules.has(rule.id);
}

function verdictOf(run: () => Violations): Verdict {
  try {
    const violations = flattened(run());
    return violations.length === 0 ? ok : { kind: "violation", violations };
  } catch (error) {
    if (error instanceof Undecided) return { kind: "undecided", waitsFor: error.message, path: error.path };
    throw error;
  }
}
