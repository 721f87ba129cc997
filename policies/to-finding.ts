import type { Finding, Severity } from "../domain/finding.ts";
import type { Level, Rule, Violation } from "./rule.ts";
import { formatPath } from "./subject/reading.ts";
import { stageOfKind, type Subject } from "./subject/subject.ts";

const severityOf: Readonly<Record<Exclude<Level, "off">, Severity>> = { mandatory: "error", advisory: "warning" };

/** A violation as everyone of ours prints it: the rule's id is the code, the subject's kind gives the stage. */
export function toFinding(
  rule: Rule,
  level: Exclude<Level, "off">,
  subject: Subject,
  { problem, path = [], fix }: Violation,
  where?: string,
): Finding {
  const at = path.length === 0 ? "" : `${formatPath(path)}: `;
  return {
    code: rule.id,
    stage: stageOfKind[subject.kind],
    severity: severityOf[level],
    ...(where === undefined ? {} : { where }),
    subject: subject.label,
    problem: `${subject.label}: ${at}${problem}`,
    fix: fix ?? rule.remediation,
    see: rule.references.join(", "),
  };
}
