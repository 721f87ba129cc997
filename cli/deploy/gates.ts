import { readFileSync } from "node:fs";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { errorFinding, type Finding } from "../../domain/finding.ts";
import { throwErrors, UserError } from "../../domain/user-error.ts";
import { judgeSteps } from "../../policies/lifecycle.ts";
import { environmentOfStack } from "../../policies/environment.ts";
import type { Change } from "./engine/change.ts";
import { formerKubeconfig, readResources } from "./engine/state.ts";

/**
 * Stops an update that would lose what cannot be created again, or Kubernetes objects that it should keep. No policy
 * sees a deletion, so the pack cannot do this.
 *
 * @throws UserError with every such step.
 */
export async function refuseLoss(changes: readonly Change[], stack: Stack): Promise<void> {
  const lost = changes.filter(({ losesItself }) => losesItself);
  const steps = changes
    .filter((change) => !lost.includes(change))
    .map(({ operation: op, urn, type }) => ({ op, urn, type }));
  const found = [
    ...judgeSteps(steps, environmentOfStack(stack.name)),
    ...(lost.length === 0
      ? []
      : [lostObjects(lost, changes, stack.name, formerKubeconfig(await readResources(stack)))]),
  ];
  throwErrors(found);
}

/** A replaced provider replaces all of its objects; with a fixed name, the creation changes the object that is then deleted. */
function lostObjects(
  lost: readonly Change[],
  changes: readonly Change[],
  stack: string,
  kubeconfig: string | undefined,
): Finding {
  const isProviderReplaced = changes.some(
    ({ operation, type }) => operation === "replace" && type === "pulumi:providers:kubernetes",
  );
  const names = lost.map(({ type, object, name }) => `${type.split(":").at(-1)} ${object ?? name}`);
  return errorFinding(
    "objects-would-be-lost",
    "external-secret",
    stack,
    `the plan replaces ${lost.length} Kubernetes object(s) that keep their names; each would be written over the existing object and then deleted: ${names.toSorted().join(", ")}`,
    isProviderReplaced
      ? knowCluster(stack, kubeconfig ?? "the path that the last update used")
      : lost.map(({ urn }) => `pulumi state untaint --stack ${stack} --yes '${urn}'`).join(" && "),
  );
}

/** With the former path, the update only records which cluster it is; after that the kubeconfig no longer matters. */
function knowCluster(stack: string, former: string): string {
  return stack === "local"
    ? `copy the kubeconfig of the local home to ${former} and run the same command again`
    : `set cluster.kubeconfig of Pulumi.${stack}.yaml to ${former}, write the access to the cluster into that file, and run ameide-secrets up --stack ${stack} --yes; this records the cluster, and then cluster.kubeconfig can be another path`;
}

/**
 * Stops an update if its plan is not the approved one: the same steps on the same resources with the same inputs. A
 * plan does not contain secret values, nor what a preview cannot know; the commit and the pack are responsible for
 * these.
 *
 * @param file - what `preview --json` printed for the same stack and commit.
 * @throws UserError with each difference.
 */
export function refuseUnapproved(changes: readonly Change[], file: string): void {
  const approved = linesOf(approvedChanges(file));
  const planned = linesOf(changes);
  const differences = [
    ...planned.filter((line) => !approved.includes(line)).map((line) => `not approved: ${line}`),
    ...approved.filter((line) => !planned.includes(line)).map((line) => `approved, but not in the plan now: ${line}`),
  ];
  if (differences.length === 0) return;
  throw UserError.of(
    "plan-not-approved",
    `the plan is not the one in ${file}:\n    ${differences.join("\n    ")}`,
    "get the new plan approved: ameide-secrets preview --stack <stack> --json",
  );
}

function linesOf(changes: readonly Change[]): readonly string[] {
  return changes
    .map(({ operation, urn, differs, inputs }) => {
      const step = [operation, urn, ...differs].join(" ");
      return inputs === undefined ? step : `${step} (inputs ${inputs.slice(0, 12)})`;
    })
    .toSorted();
}

function approvedChanges(file: string): readonly Change[] {
  let plan: { readonly changes?: unknown } = {};
  let cause: unknown;
  try {
    plan = JSON.parse(readFileSync(file, "utf8")) as typeof plan;
  } catch (error) {
    cause = error;
  }
  if (Array.isArray(plan.changes)) return plan.changes as readonly Change[];
  const fix = "ameide-secrets preview --stack <stack> --json > plan.json";
  throw UserError.of("plan-unreadable", `"${file}" does not contain a plan`, fix, { cause });
}
