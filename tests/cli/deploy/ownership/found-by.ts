import assert from "node:assert/strict";
import { refuseForeign, type OwnershipAccess } from "../../../../cli/deploy/ownership/ownership.ts";
import type { Change } from "../../../../cli/deploy/engine/change.ts";
import type { Adopted, StackPlan } from "../../../../domain/plan/environment.ts";
import type { Finding } from "../../../../domain/finding.ts";
import { UserError } from "../../../../domain/user-error.ts";

/** What {@link refuseForeign} refuses, as findings. */
export async function foundBy(
  changes: readonly Change[],
  plan: StackPlan,
  access: OwnershipAccess,
): Promise<readonly Finding[]> {
  try {
    await refuseForeign(changes, plan, access);
    return [];
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.findings;
  }
}

/** The entries of `adopt` that the findings offer, as a person would paste them. */
export function offered(findings: readonly Finding[]): Adopted {
  const lines = findings.map(({ fix }) => /adopt: \{ ([^:]+): (".*") \}/.exec(fix));
  return Object.fromEntries(
    lines.flatMap((line) => (line === null ? [] : [[line[1] ?? "", JSON.parse(line[2] ?? "")]])),
  );
}
