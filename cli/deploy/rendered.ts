import type { Cluster } from "../../clients/kubernetes.ts";
import { errorsOf, type Finding } from "../../domain/finding.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { judgePlan } from "../../policies/guard.ts";
import { findForeign } from "./ownership/ownership.ts";
import { preflightCluster } from "./preflight.ts";

/**
 * What the rules refuse of a plan. The pack sees only what Pulumi registers, and ArgoCD judges nothing that it applies, so
 * rendered objects are judged here.
 */
export function judgeRendered(plan: EnvironmentStack): readonly Finding[] {
  return errorsOf(judgePlan(plan, plan.catalogue));
}

/**
 * Judges everything that `render` writes for a stack, by the rules and against the live cluster, as an update of a stack with
 * `delivery: gitops` does. Changes nothing.
 *
 * @throws UserError with what the rules refuse, what the cluster lacks, and each object that something else owns.
 */
export async function checkRendered(plan: EnvironmentStack, cluster: Cluster): Promise<void> {
  const stack: EnvironmentStack = { ...plan, strictness: { ...plan.strictness, delivery: "gitops" } };
  const findings = [Promise.resolve(judgeRendered(stack)), findForeign([], stack, { cluster })];
  await preflightCluster(cluster, stack, false, findings);
}
