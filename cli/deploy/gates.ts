import { readFileSync } from "node:fs";
import { UserError } from "../../domain/user-error.ts";
import { judgeSteps } from "../../policies/lifecycle.ts";
import { placeOfStack } from "../../policies/place.ts";
import type { Change } from "./engine/run-log.ts";

/**
 * Stops an update between its preview and its first change, where the plan would lose what nobody can make again. No
 * policy is shown a deletion, so this is not the pack's to do.
 *
 * @throws UserError with every such step.
 */
export function refuseLoss(changes: readonly Change[], stackName: string): void {
  const steps = changes.map(({ operation: op, urn, type }) => ({ op, urn, type }));
  const found = judgeSteps(steps, placeOfStack(stackName));
  if (found.length > 0) throw UserError.from(found);
}

/**
 * Stops an update whose plan is not the one that was approved: the same steps on the same resources with the same inputs.
 * What is not known in a preview, and what a marked value is, no plan says; the commit and the pack answer for these.
 *
 * @param file - what `preview --json` printed for the same stack and commit.
 * @throws UserError with what came and what went.
 */
export function refuseUnapproved(changes: readonly Change[], file: string): void {
  const approved = linesOf(approvedChanges(file));
  const planned = linesOf(changes);
  const added = planned.filter((line) => !approved.includes(line)).map((line) => `now, but not approved: ${line}`);
  const gone = approved.filter((line) => !planned.includes(line)).map((line) => `approved, but not now: ${line}`);
  if (added.length + gone.length === 0) return;
  throw UserError.of(
    "plan-not-approved",
    `the plan is not the one in ${file}:\n    ${[...added, ...gone].join("\n    ")}`,
    "have the new plan approved: ameide-secrets preview --stack <stack> --json",
  );
}

function linesOf(changes: readonly Change[]): readonly string[] {
  return changes
    .map(({ operation, urn, differs, inputs }) => {
      const what = [operation, urn, ...differs].join(" ");
      return inputs === undefined ? what : `${what} (inputs ${inputs.slice(0, 12)})`;
    })
    .toSorted();
}

function approvedChanges(file: string): readonly Change[] {
  try {
    const { changes } = JSON.parse(readFileSync(file, "utf8")) as { changes?: unknown };
    if (Array.isArray(changes)) return changes as readonly Change[];
  } catch (cause) {
    throw notAPlan(file, { cause });
  }
  throw notAPlan(file);
}

function notAPlan(file: string, options?: ErrorOptions): UserError {
  const fix = "make it by: ameide-secrets preview --stack <stack> --json > plan.json";
  return UserError.of("plan-unreadable", `"${file}" holds no plan`, fix, options);
}
