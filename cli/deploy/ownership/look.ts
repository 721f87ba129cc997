import type { Finding } from "../../../domain/finding.ts";
import type { Stage } from "../../../domain/stage.ts";

/** One look at what may be there already. */
export interface Look {
  readonly stage: Stage;
  /** What is looked at, such as `sys/policies/acl/keycloak-client-patcher`. */
  readonly at: string;
  /** Who is asked: `Azure`, `Vault` or `the cluster`. */
  readonly of: string;
  readonly run: () => Promise<Finding | undefined>;
}

/** A look that is refused is a finding among the others: what cannot be seen may be another's. */
export async function look({ stage, at, of, run }: Look): Promise<Finding | undefined> {
  try {
    return await run();
  } catch (error) {
    const [words = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return {
      code: "cannot-look",
      stage,
      severity: "error",
      subject: at,
      problem: `${of} does not say whether ${at} exists, and this stack would write it: ${words}`,
      fix: `get the right to read ${at}, or run this as somebody who has it`,
    };
  }
}

/** What a server gives at a path, or `undefined` where there is nothing (404). */
export async function find<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 404) return undefined;
    throw error;
  }
}
