import type { Finding } from "../../../domain/finding.ts";
import type { Stage } from "../../../domain/stage.ts";
import type { Change } from "../engine/change.ts";

/** One question to a server: does something exist that the plan would write, and who owns it? */
export interface OwnershipCheck {
  readonly stage: Stage;
  /** What is asked for, such as `sys/policies/acl/keycloak-client-patcher`. */
  readonly at: string;
  readonly server: "Azure" | "Vault" | "the cluster";
  readonly run: () => Promise<Finding | undefined>;
}

export function checkOf(
  { stage, object, name }: Change,
  server: OwnershipCheck["server"],
  run: OwnershipCheck["run"],
): OwnershipCheck {
  return { stage, at: object ?? name, server, run };
}

/** Runs all checks. One that is refused is a finding among the others: what cannot be seen may belong to somebody else. */
export async function runChecks(checks: readonly OwnershipCheck[]): Promise<readonly Finding[]> {
  const found = await Promise.all(
    checks.map(({ stage, at, server, run }) =>
      run().catch((error: unknown): Finding => {
        const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        return {
          code: "cannot-look",
          stage,
          severity: "error",
          subject: at,
          problem: `${server} does not say whether ${at} exists, and this stack would write it: ${reason}`,
          fix: `get the right to read ${at}, or run this as somebody who has it`,
        };
      }),
    ),
  );
  return found.filter((finding) => finding !== undefined);
}
