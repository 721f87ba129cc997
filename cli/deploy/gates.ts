import { readFileSync } from "node:fs";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { judgeSteps } from "../../policies/lifecycle.ts";
import { placeOfStack } from "../../policies/place.ts";
import { formerKubeconfig } from "./engine/kubeconfig.ts";
import type { Change } from "./engine/run-log.ts";
import { readExport } from "./engine/stack.ts";

/**
 * Stops an update between its preview and its first change, where the plan would lose what nobody can make again, or
 * Kubernetes objects that it means to keep. No policy sees a deletion, so the pack cannot do this.
 *
 * @throws UserError with every such step.
 */
export async function refuseLoss(changes: readonly Change[], stack: Stack): Promise<void> {
  const lost = changes.filter(({ losesItself }) => losesItself);
  const steps = changes
    .filter((change) => !lost.includes(change))
    .map(({ operation: op, urn, type }) => ({ op, urn, type }));
  const found = [
    ...judgeSteps(steps, placeOfStack(stack.name)),
    ...(lost.length === 0 ? [] : [lostObjects(lost, changes, stack.name, formerKubeconfig(await readExport(stack)))]),
  ];
  if (found.length > 0) throw UserError.from(found);
}

/**
 * A provider that is replaced replaces all of its objects, and objects have fixed names here. With
 * `upsertExistingObjects` the creation takes over the existing object, and the deletion then removes it.
 */
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
  return {
    code: "objects-would-be-lost",
    stage: "external-secret",
    severity: "error",
    subject: stack,
    problem: `the plan replaces ${lost.length} Kubernetes object(s) that keep their names; each would be written over the existing object and then deleted: ${names.toSorted().join(", ")}`,
    fix: isProviderReplaced
      ? knowCluster(stack, kubeconfig ?? "the path that the last update used")
      : lost.map(({ urn }) => `pulumi state untaint --stack ${stack} --yes '${urn}'`).join(" && "),
  };
}

/** With the former path, the update only records which cluster it is; after that the kubeconfig no longer matters. */
function knowCluster(stack: string, former: string): string {
  return stack === "local"
    ? `copy the kubeconfig of the local home to ${former} and run the same command again`
    : `set cluster.kubeconfig of Pulumi.${stack}.yaml to ${former}, write the access to the cluster into that file, and run ameide-secrets up --stack ${stack} --yes; this records the cluster, and then cluster.kubeconfig can be another path`;
}

/**
 * Stops an update if its plan is not the approved one: the same steps on the same resources with the same inputs.
 * What is not known in a preview, and what a marked value is, no plan says; the commit and the pack answer for these.
 *
 * @param file - what `preview --json` printed for the same stack and commit.
 * @throws UserError with what came and what went.
 */
export function refuseUnapproved(changes: readonly Change[], file: string): void {
  const approved = linesOf(approvedChanges(file));
  const planned = linesOf(changes);
  const added = planned.filter((line) => !approved.includes(line)).map((line) => `not approved: ${line}`);
  const gone = approved
    .filter((line) => !planned.includes(line))
    .map((line) => `approved, but not in the plan now: ${line}`);
  if (added.length + gone.length === 0) return;
  throw UserError.of(
    "plan-not-approved",
    `the plan is not the one in ${file}:\n    ${[...added, ...gone].join("\n    ")}`,
    "get the new plan approved: ameide-secrets preview --stack <stack> --json",
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
  const fix = "ameide-secrets preview --stack <stack> --json > plan.json";
  return UserError.of("plan-unreadable", `"${file}" does not contain a plan`, fix, options);
}
