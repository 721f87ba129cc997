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
  return verdictOf(() => rule.judge(subject, context));
}

/** Judges all subjects together; those of other kinds are left out. */
export function judgeStack(rule: StackRule, subjects: readonly Subject[], context: RuleContext): Verdict {
  const own = subjects.filter(({ kind }) => rule.kinds.includes(kind));
  return verdictOf(() => rule.judgeAll(own, context));
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
