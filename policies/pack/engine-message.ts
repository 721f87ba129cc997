import type { Finding } from "../../domain/finding.ts";
import { seeOf, undecidedMark } from "../judge.ts";
import type { Rule } from "../rule.ts";
import { kindOfToken } from "../subject/kinds.ts";
import { stageOfKind } from "../subject/subject.ts";

export interface PolicyEvent {
  readonly policyName: string;
  readonly resourceUrn?: string;
  readonly enforcementLevel: string;
  readonly message: string;
}

const fixMark = "fix: ";
const exemptMark = "exempt: ";

/** A finding as text, since the engine transports only text. {@link parseEngineMessage} is the inverse. */
export function formatEngineMessage({ problem, fix, exempt }: Pick<Finding, "problem" | "fix" | "exempt">): string {
  return [
    oneLine(problem),
    `  ${fixMark}${oneLine(fix)}`,
    ...(exempt === undefined ? [] : [`  ${exemptMark}${oneLine(exempt)}`]),
  ].join("\n");
}

/** The finding of an engine's event, with the words of `guard` and `lint`. Other packs' messages stay unchanged. */
export function parseEngineMessage(
  { policyName, resourceUrn = "", enforcementLevel, message }: PolicyEvent,
  rules: readonly Rule[],
): Finding {
  const lines = message.split("\n").map((line) => line.trim());
  const marked = (mark: string): string | undefined => lines.find((line) => line.startsWith(mark))?.slice(mark.length);
  const problem = lines
    .filter((line) => line !== "" && !line.startsWith(fixMark) && !line.startsWith(exemptMark))
    .join(" ");
  const rule = rules.find(({ id }) => id === policyName);
  const isMandatory = enforcementLevel === "mandatory" || enforcementLevel === "remediate";
  const fix = marked(fixMark);
  const exempt = marked(exemptMark);
  const [, , types = "", name = ""] = resourceUrn.split("::");
  const kind = kindOfToken(types.split("$").at(-1) ?? types) ?? rule?.kinds[0];
  return {
    code: policyName,
    stage: kind === undefined ? "bootstrap" : stageOfKind[kind],
    severity: isMandatory ? "error" : isUndecided({ problem }) ? "note" : "warning",
    subject: rule === undefined ? name : problem.slice(0, Math.max(0, problem.indexOf(": "))),
    problem,
    fix: fix ?? `see the policy ${policyName}`,
    ...(rule === undefined ? {} : seeOf(rule)),
    ...(exempt === undefined ? {} : { exempt }),
  };
}

export function isUndecided({ problem }: Pick<Finding, "problem">): boolean {
  return problem.includes(`: ${undecidedMark}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/(?<!\s)\s*\n\s*/g, " ");
}
