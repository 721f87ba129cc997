import type { Finding } from "../domain/finding.ts";
import { seeOf, undecidedMark } from "./judge.ts";
import { rules } from "./rules.ts";
import { kindOfToken } from "./subject/kinds.ts";
import { stageOfKind } from "./subject/subject.ts";

/** What the engine says of one verdict of the pack. */
export interface EngineVerdict {
  readonly policyName: string;
  readonly resourceUrn?: string;
  readonly enforcementLevel: string;
  readonly message: string;
}

const fixMark = "fix: ";
const exemptMark = "exempt: ";

/** A verdict as the pack hands it to the engine, which carries nothing but text. {@link parseVerdict} reads it back. */
export function formatVerdict({ problem, fix, exempt }: Pick<Finding, "problem" | "fix" | "exempt">): string {
  return [
    oneLine(problem),
    `  ${fixMark}${oneLine(fix)}`,
    ...(exempt === undefined ? [] : [`  ${exemptMark}${oneLine(exempt)}`]),
  ].join("\n");
}

/**
 * The finding that {@link formatVerdict} was given, from the engine's event: the same verdict reads the same after `up`, in
 * `guard` and in `lint`. A message of another pack is kept as it is.
 */
export function parseVerdict({ policyName, resourceUrn = "", enforcementLevel, message }: EngineVerdict): Finding {
  const lines = message.split("\n").map((line) => line.trim());
  const marked = (mark: string): string | undefined => lines.find((line) => line.startsWith(mark))?.slice(mark.length);
  const problem = lines
    .filter((line) => line !== "" && !line.startsWith(fixMark) && !line.startsWith(exemptMark))
    .join(" ");
  const rule = rules.find(({ id }) => id === policyName);
  const isUndecided = problem.includes(`: ${undecidedMark}`);
  const isMandatory = enforcementLevel === "mandatory" || enforcementLevel === "remediate";
  const fix = marked(fixMark);
  const exempt = marked(exemptMark);
  const [, , types = "", name = ""] = resourceUrn.split("::");
  const kind = kindOfToken(types.split("$").at(-1) ?? types) ?? rule?.kinds[0];
  return {
    code: policyName,
    stage: kind === undefined ? "bootstrap" : stageOfKind[kind],
    severity: isMandatory ? "error" : isUndecided ? "note" : "warning",
    subject: rule === undefined ? name : problem.slice(0, Math.max(0, problem.indexOf(": "))),
    problem,
    fix: fix ?? `see the policy ${policyName}`,
    ...(rule === undefined ? {} : seeOf(rule)),
    ...(exempt === undefined ? {} : { exempt }),
  };
}

/** Whether a finding says that the pack could not decide yet. */
export function isUndecided({ problem }: Finding): boolean {
  return problem.includes(`: ${undecidedMark}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/(?<!\s)\s*\n\s*/g, " ");
}
