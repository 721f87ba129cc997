import { bootstrapSyncJob } from "../manifests/bootstrap.ts";
import { objectsInWaves } from "../manifests/render.ts";
import type { EnvironmentStack, StackPlan } from "../plan/environment.ts";
import { cloudResources, type Placeholders, type PlannedResource } from "./cloud-resources.ts";

/** Everything that the stack will register: what is in Azure and Vault, then the Kubernetes objects. */
export function plannedResources(plan: StackPlan, placeholders: Placeholders): readonly PlannedResource[] {
  const resources = cloudResources(plan, placeholders);
  return plan.kind === "shared" ? resources : [...resources, ...kubernetesResources(plan, placeholders.unknown)];
}

function kubernetesResources(stack: EnvironmentStack, unknown: string): readonly PlannedResource[] {
  const { strictness, bootstrap } = stack;
  const job = bootstrapSyncJob(stack, unknown, `${bootstrap.name}-sync-${unknown}`);
  const objects = objectsInWaves(stack, unknown, unknown).flat();
  return [...objects, ...(strictness.delivery === "pulumi" ? [job] : [])].map((inputs) => {
    const { apiVersion, kind, metadata } = inputs;
    const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
    const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    const type = "imagePullSecrets" in inputs ? `${kind}Patch` : kind;
    return { type: `kubernetes:${group}:${type}`, name, inputs: { ...inputs } };
  });
}
