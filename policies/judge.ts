import type { Finding, Severity } from "../domain/finding.ts";
import { readableReferences } from "../domain/incidents.ts";
import { exemptionFor, type Exemption, type Exempted } from "./exemptions.ts";
import { familyOf, flattened, isStackRule, levelsOf, type Rule, type RuleContext, type Violation } from "./rule.ts";
import { formatPath, Undecided, type Path } from "./subject/reading.ts";
import { stageOfKind, type Subject } from "./subject/subject.ts";

/** Everything in which the policy pack, the embedded guard, `lint` and the scan of a cluster differ. */
export interface JudgingOptions {
  readonly context: RuleContext;
  readonly exemptions: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
  /** Treat the rule as mandatory in this environment too. @default false */
  readonly everywhere?: boolean;
  /** How to report a rule that waits for a value: a preview uses "note", an update "error". @default "omit" */
  readonly undecided?: "omit" | "note" | "error";
}

export interface JudgedFinding {
  readonly finding: Finding;
  readonly subject: Subject | undefined;
  readonly path: Path;
  /** `undefined` if the rule could not decide. */
  readonly violation: Violation | undefined;
}

/** Every problem that a rule cannot decide yet begins with it. */
export const undecidedMark = "undecided: ";

/** Judges the subjects of a rule's kinds: one by one, or together by a rule over a stack. */
export function judge(
  rule: Rule,
  subjects: readonly Subject[],
  { context, exemptions, today, everywhere = false, undecided = "omit" }: JudgingOptions,
): readonly JudgedFinding[] {
  const level = everywhere ? "mandatory" : levelsOf(rule)[context.environment];
  if (level === "off") return [];
  const describe = (
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
  return verdictsOf(rule, subjects, context).flatMap(({ subject: judged, verdict }): readonly JudgedFinding[] => {
    if (verdict instanceof Undecided) {
      if (undecided === "omit") return [];
      const isNote = undecided === "note";
      const severity = isNote ? "note" : level === "mandatory" ? "error" : "warning";
      const fix = isNote ? leftToUpdate : "give the input a value that is known before this resource is created";
      const finding = describe(judged, severity, `${undecidedMark}${verdict.message}`, { fix });
      return [{ finding, subject: judged, path: verdict.path, violation: undefined }];
    }
    return verdict.map((violation) => {
      const { subject = judged, path = [], problem, fix = rule.remediation } = violation;
      const use = { rule: rule.id, subject: subject?.label ?? "the stack", environment: context.environment };
      const exempted = exemptionFor(exemptions, use, today);
      const severity = level === "advisory" || exempted.kind === "holds" ? "warning" : "error";
      const where = path.length === 0 ? "" : `${formatPath(path)}: `;
      const finding = describe(subject, severity, `${where}${problem}`, { fix, ...exemptionText(exempted) });
      return { finding, subject, path, violation };
    });
  });
}

const leftToUpdate = "nothing to do now: the update decides, before it creates the resource";

function exemptionText(exempted: Exempted): Pick<Finding, "exempt"> {
  if (exempted.kind === "none") return {};
  const { owner, reason, until } = exempted.exemption;
  const state = exempted.kind === "holds" ? "exempt until" : "the exemption ended on";
  return { exempt: `${state} ${until} (${owner}: ${reason})` };
}

export function seeOf({ references }: Rule): Pick<Finding, "see"> {
  const readable = readableReferences(references);
  return readable.length === 0 ? {} : { see: readable.join(", ") };
}

/** What a rule finds, before its level and the exemptions count, or what it waits for. */
export type Verdict = readonly Violation[] | Undecided;

/** The rule's verdict on each subject of its kinds, or without a subject on all of them together. */
export function verdictsOf(
  rule: Rule,
  subjects: readonly Subject[],
  context: RuleContext,
): readonly { readonly subject?: Subject; readonly verdict: Verdict }[] {
  const own = subjects.filter(({ kind }) => rule.kinds.includes(kind));
  if (!isStackRule(rule)) {
    return own
      .filter(({ isPatch = false }) => !isPatch || judgesPatches(rule))
      .map((subject) => ({ subject, verdict: verdictOf(() => rule.judge(subject, context)) }));
  }
  const whole = own.filter(({ isPatch = false }) => !isPatch);
  return [{ verdict: verdictOf(() => rule.judgeAll(whole, context)) }];
}

/** Rules about what an object names and writes. The others require fields that a patch may leave to its object. */
const patchRules: ReadonlySet<string> = new Set([
  "authority-cluster-managed",
  "authority-not-in-catalogue",
  "authority-retired",
  "delivery-target-kind",
]);

function judgesPatches(rule: Rule): boolean {
  return ["secretness", "placeholder"].includes(familyOf(rule) ?? "") || patchRules.has(rule.id);
}

function verdictOf(run: () => Parameters<typeof flattened>[0]): Verdict {
  try {
    return flattened(run());
  } catch (error) {
    if (error instanceof Undecided) return error;
    throw error;
  }
}
