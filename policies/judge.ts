import type { Finding, Severity } from "../domain/finding.ts";
import { readableReferences } from "../domain/incidents.ts";
import { exemptionFor, type Exemption, type Exempted } from "./exemptions.ts";
import { isStackRule, type ResourceRule, type Rule, type RuleContext, type StackRule, type Violation } from "./rule.ts";
import { formatPath, Undecided, type Path } from "./subject/reading.ts";
import { stageOfKind, type Subject } from "./subject/subject.ts";

/** How a place judges: the policy pack, the embedded guard, `lint` and the scan of a cluster differ in nothing else. */
export interface JudgingOptions {
  readonly context: RuleContext;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC: the day by which exemptions end. */
  readonly today: string;
  /** Judge as strictly here as where the rule is mandatory. @default false - the rule's level in this environment */
  readonly everywhere?: boolean;
  /**
   * What to do about a rule that needs a value which is not known yet: leave it out, report it as a note (a preview), or
   * as an error (an update, where it must be known by now).
   *
   * @default "omit"
   */
  readonly undecided?: "omit" | "note" | "error";
}

/** A finding of a rule, and what it is about. */
export interface JudgedFinding {
  readonly finding: Finding;
  readonly subject: Subject | undefined;
  /** Where in the subject. */
  readonly path: Path;
  /** As the rule gave it; `undefined` where the rule could not decide. */
  readonly violation: Violation | undefined;
}

/** Judges one subject by one rule. A rule over a whole stack says nothing here. */
export function judgeSubject(rule: Rule, subject: Subject, judging: JudgingOptions): readonly JudgedFinding[] {
  if (isStackRule(rule)) return [];
  return judgedOf(rule, subject, runRule(rule, subject, judging.context), judging);
}

/** Judges all subjects of a stack together by one rule. A rule over one subject says nothing here. */
export function judgeTogether(
  rule: Rule,
  subjects: readonly Subject[],
  judging: JudgingOptions,
): readonly JudgedFinding[] {
  if (!isStackRule(rule)) return [];
  return judgedOf(rule, undefined, runStackRule(rule, subjects, judging.context), judging);
}

/** The start of every problem that a rule cannot decide yet. */
export const undecidedMark = "undecided: ";

function judgedOf(
  rule: Rule,
  judgedSubject: Subject | undefined,
  verdict: Verdict,
  { context, exemptions, today, everywhere = false, undecided = "omit" }: JudgingOptions,
): readonly JudgedFinding[] {
  const level = everywhere ? "mandatory" : rule.levels[context.place];
  if (verdict.kind === "ok" || level === "off") return [];
  if (verdict.kind === "undecided") {
    if (undecided === "omit") return [];
    const finding: Finding = {
      code: rule.id,
      stage: stageOf(rule, judgedSubject),
      severity: undecided === "note" ? "note" : level === "mandatory" ? "error" : "warning",
      subject: judgedSubject?.label ?? wholeStack,
      problem: `${judgedSubject?.label ?? wholeStack}: ${undecidedMark}${verdict.waitsFor}`,
      fix: undecided === "note" ? leftToUpdate : "give the input a value that is known before this resource is created",
      ...seeOf(rule),
    };
    return [{ finding, subject: judgedSubject, path: verdict.path, violation: undefined }];
  }
  return verdict.violations.map((violation) => {
    const subject = violation.subject ?? judgedSubject;
    const label = subject?.label ?? wholeStack;
    const exempted = exemptionFor(exemptions, { rule: rule.id, subject: label, place: context.place }, today);
    const severity: Severity = level === "advisory" || exempted.kind === "holds" ? "warning" : "error";
    const { path = [] } = violation;
    const where = path.length === 0 ? "" : `${formatPath(path)}: `;
    const finding: Finding = {
      code: rule.id,
      stage: stageOf(rule, subject),
      severity,
      subject: label,
      problem: `${label}: ${where}${violation.problem}`,
      fix: violation.fix ?? rule.remediation,
      ...seeOf(rule),
      ...exemptionOf(exempted),
    };
    return { finding, subject, path, violation };
  });
}

const wholeStack = "the stack";

/** The fix of an undecided verdict in a preview. */
const leftToUpdate = "nothing to do now: the update decides, before it creates the resource";

/** A rule over a stack may have no subject to blame: its first kind says where it belongs. */
function stageOf(rule: Rule, subject: Subject | undefined): Finding["stage"] {
  const kind = subject?.kind ?? rule.kinds[0];
  return kind === undefined ? "bootstrap" : stageOfKind[kind];
}

function exemptionOf(exempted: Exempted): Pick<Finding, "exempt"> {
  if (exempted.kind === "none") return {};
  const { owner, reason, until } = exempted.exemption;
  const state = exempted.kind === "holds" ? "exempt until" : "the exemption ended on";
  return { exempt: `${state} ${until} (${owner}: ${reason})` };
}

/** Where to read on, where there is something that a reader can open. */
export function seeOf({ references }: Rule): Pick<Finding, "see"> {
  const readable = readableReferences(references);
  return readable.length === 0 ? {} : { see: readable.join(", ") };
}

/**
 * What a rule says about a subject, before its level and the exemptions count. `undecided` names what the rule waits for,
 * and where that is in the subject.
 */
export type Verdict =
  | { readonly kind: "ok" }
  | { readonly kind: "violation"; readonly violations: readonly Violation[] }
  | { readonly kind: "undecided"; readonly waitsFor: string; readonly path: Path };

const ok: Verdict = { kind: "ok" };

/** Runs a rule on one subject; a subject of another kind is `ok`. */
export function runRule(rule: ResourceRule, subject: Subject, context: RuleContext): Verdict {
  if (!rule.kinds.includes(subject.kind)) return ok;
  if (subject.isPatch === true && !judgesPatches(rule)) return ok;
  return verdictOf(() => rule.judge(subject, context));
}

/** Runs a rule on all subjects together, without those of other kinds. */
export function runStackRule(rule: StackRule, subjects: readonly Subject[], context: RuleContext): Verdict {
  const own = subjects.filter(({ kind, isPatch = false }) => rule.kinds.includes(kind) && !isPatch);
  return verdictOf(() => rule.judgeAll(own, context));
}

/** Rules that judge what an object names and writes; the others ask for fields that a patch may leave to its object. */
const patchRules: ReadonlySet<string> = new Set([
  "authority-cluster-managed",
  "authority-not-in-catalogue",
  "authority-retired",
  "delivery-target-kind",
]);

function judgesPatches({ id, family }: ResourceRule): boolean {
  return family === "secretness" || family === "placeholder" || patchRules.has(id);
}

function verdictOf(run: () => readonly Violation[]): Verdict {
  try {
    const violations = run();
    return violations.length === 0 ? ok : { kind: "violation", violations };
  } catch (error) {
    if (error instanceof Undecided) return { kind: "undecided", waitsFor: error.message, path: error.path };
    throw error;
  }
}
