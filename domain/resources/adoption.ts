import type { StackPlan } from "../plan/environment.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { nearest } from "../nearest.ts";
import { cloudResources, keyVaultSecretResource } from "./cloud-resources.ts";

/** What can be adopted unchanged. Never an object in Kubernetes: ArgoCD or Helm would go on applying it. */
export function adoptables(plan: StackPlan) {
  return cloudResources(plan, { unknown: "", secret: "" }).flatMap(({ type, adoptAs: resource, id }) =>
    resource === undefined ? [] : [{ type, resource, ...(id !== undefined && { id }) }],
  );
}

/** The line of a stack file that adopts a resource. */
export function adoptionLine(stack: string, resource: string, id: string): string {
  return `adopt it unchanged, in Pulumi.${stack}.yaml under ameide-secrets:settings: adopt: { ${resource}: ${JSON.stringify(id)} }`;
}

/** How a stack that keeps values in its state takes over a secret of Key Vault, and how the value of `.env` gets there. */
export function secretAdoptionLine(stack: string, name: string, id: string): string {
  return `${adoptionLine(stack, keyVaultSecretResource(name), id)}; the next update keeps its value. Then remove the entry: the update after that writes the value of .env`;
}

/** Every entry of `adopt` that this stack cannot mean; to be refused before anything is registered. */
export function checkAdopted(plan: StackPlan, stackName: string): readonly Finding[] {
  const known = new Map(adoptables(plan).map((one) => [one.resource, one]));
  return Object.entries(plan.adopt ?? {}).flatMap(([resource, id]): Finding[] => {
    const adoptable = known.get(resource);
    const stage = plan.kind === "shared" ? "key-vault" : "vault";
    const finding = (problem: string, fix: string): Finding[] => [
      errorFinding("settings-adopt", stage, resource, problem, fix, `Pulumi.${stackName}.yaml`),
    ];
    if (adoptable === undefined) {
      const close = nearest(resource, known.keys());
      return finding(
        `adopt: "${resource}" is not a resource that the stack ${stackName} can adopt`,
        `${close === undefined ? "" : `did you mean "${close}"? `}use one of: ${[...known.keys()].join(", ")}`,
      );
    }
    if (adoptable.id === undefined || adoptable.id.toLowerCase() === id.toLowerCase()) return [];
    return finding(
      `adopt: "${resource}" is "${id}", but the id in this stack is "${adoptable.id}"`,
      `adopt: { ${resource}: ${JSON.stringify(adoptable.id)} }`,
    );
  });
}
