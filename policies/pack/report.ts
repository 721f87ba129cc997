import type { ReportViolation } from "@pulumi/policy";
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

/**
 * Says a verdict to the engine.
 *
 * The level of one violation may be lower than its policy's: in an environment where the rule is advisory, under an
 * exemption that holds, or while it is undecided. `@pulumi/policy` reads an object in place of the message for that
 * (server.js, makeReportViolationFun); a contract test guards it.
 */
export function report(
  reporting: Reporting,
  subject: Pick<Subject, "label" | "id"> | undefined,
  verdict: Exclude<Verdict, { kind: "ok" }>,
  reportViolation: ReportViolation,
): void {
  const { rule, place, everywhere, mayBeUndecided } = reporting;
  const level = everywhere ? "mandatory" : rule.levels[place];
  if (level === "off") return;
  const say = (message: string, advisory: boolean, urn?: string): void => {
    const diagnostic = {
      message,
      ...(advisory ? { enforcementLevel: "advisory" } : {}),
      ...(urn === undefined ? {} : { urn }),
    };
    reportViolation(diagnostic as unknown as string);
  };
  if (verdict.kind === "undecided") {
    const label = subject?.label ?? "the stack";
    say(`${label}: ${undecidedText(verdict.waitsFor, subject !== undefined)}`, mayBeUndecided || level === "advisory");
    return;
  }
  for (const violation of verdict.violations) {
    const blamed = violation.subject ?? subject;
    const exempted = exemptionFor(
      reporting.exemptions,
      { rule: rule.id, subject: blamed?.label ?? "", place },
      reporting.today,
    );
    const message = `${violationText(rule, blamed, violation)}${exemptionText(exempted)}`;
    const urn = violation.subject?.id.replace(/#\d+$/, "");
    say(message, level === "advisory" || exempted.kind === "holds", subject === undefined ? urn : undefined);
  }
}

function undecidedText(waitsFor: string, beforeItIsMade: boolean): string {
  const when = beforeItIsMade ? "the update decides before this resource is made" : "the update decides at its end";
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
