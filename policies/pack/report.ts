import { exemptionFor, type Exemption } from "../exemptions.ts";
import type { Place, Rule, Violation } from "../rule.ts";
import { formatPath } from "../subject/reading.ts";
import type { Subject } from "../subject/subject.ts";
import type { Verdict } from "../verdict.ts";

export interface Reporting {
  readonly rule: Rule;
  readonly place: Place;
  /** Take the enforcement level as configured instead of the rule's own for this environment. */
  readonly everywhere: boolean;
  readonly exemptions: readonly Exemption[];
  readonly today: string;
  readonly mayBeUndecided: boolean;
}

/** What is said of an undecided verdict in a preview, and in an update never. */
export const leftToUpdate = "the update decides";

/** One thing that the engine is told. */
export interface Diagnostic {
  readonly message: string;
  /** Lower than its policy's own level: where the rule is advisory, under an exemption that holds, or while it is undecided. */
  readonly advisory: boolean;
  /** The resource to blame, where the engine does not know it: of a rule over the whole stack. */
  readonly urn?: string;
}

/** What the engine is told of a verdict. */
export function report(
  reporting: Reporting,
  subject: Pick<Subject, "label" | "id"> | undefined,
  verdict: Exclude<Verdict, { kind: "ok" }>,
): readonly Diagnostic[] {
  const { rule, place, everywhere, mayBeUndecided } = reporting;
  const level = everywhere ? "mandatory" : rule.levels[place];
  if (level === "off") return [];
  if (verdict.kind === "undecided") {
    const label = subject?.label ?? "the stack";
    const message = `${label}: ${undecidedText(verdict.waitsFor, subject !== undefined, mayBeUndecided)}`;
    return [{ message, advisory: mayBeUndecided || level === "advisory" }];
  }
  return verdict.violations.map((violation) => {
    const blamed = violation.subject ?? subject;
    const exempted = exemptionFor(
      reporting.exemptions,
      { rule: rule.id, subject: blamed?.label ?? "", place },
      reporting.today,
    );
    const message = `${violationText(rule, blamed, violation)}${exemptionText(exempted)}`;
    const urn = subject === undefined ? violation.subject?.id.replace(/#\d+$/, "") : undefined;
    return {
      message,
      advisory: level === "advisory" || exempted.kind === "holds",
      ...(urn === undefined ? {} : { urn }),
    };
  });
}

function undecidedText(waitsFor: string, beforeItIsMade: boolean, mayBeUndecided: boolean): string {
  if (!mayBeUndecided) {
    const when = "the update must know it by now";
    return `undecided: ${waitsFor}; ${when}\n  fix: give the input a value that is known before this resource is made`;
  }
  const when = `${leftToUpdate} ${beforeItIsMade ? "before this resource is made" : "at its end"}`;
  return `undecided: ${waitsFor}; ${when}`;
}

function violationText(
  rule: Rule,
  subject: Pick<Subject, "label" | "id"> | undefined,
  { problem, path, fix }: Violation,
): string {
  const where = path === undefined || path.length === 0 ? "" : ` ${formatPath(path)}:`;
  const label = subject === undefined ? "" : `${subject.label}:`;
  return `${label}${where} ${problem}\n  fix: ${fix ?? rule.remediation}\n  see: ${rule.references.join(", ")}`.trimStart();
}

function exemptionText(exempted: ReturnType<typeof exemptionFor>): string {
  if (exempted.kind === "none") return "";
  const { owner, reason, until } = exempted.exemption;
  return exempted.kind === "holds"
    ? `\n  exempt until ${until} (${owner}: ${reason})`
    : `\n  its exemption ended on ${until} (${owner}: ${reason})`;
}
