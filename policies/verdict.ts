import type { ResourceRule, RuleContext, StackRule, Violation } from "./rule.ts";
import { Undecided, type Path } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/** What a rule says of a subject. `undecided` names what it waits for, and where that is in the subject. */
export type Verdict =
  | { readonly kind: "ok" }
  | { readonly kind: "violation"; readonly violations: readonly Violation[] }
  | { readonly kind: "undecided"; readonly waitsFor: string; readonly path: Path };

const ok: Verdict = { kind: "ok" };

/** Judges one subject; another kind is `ok`. */
export function judge(rule: ResourceRule, subject: Subject, context: RuleContext): Verdict {
  if (!rule.kinds.includes(subject.kind)) return ok;
  if (subject.isPatch === true && !judgesPatches(rule)) return ok;
  return verdictOf(() => rule.judge(subject, context));
}

/** Judges all subjects together; those of other kinds are left out. */
export function judgeStack(rule: StackRule, subjects: readonly Subject[], context: RuleContext): Verdict {
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
