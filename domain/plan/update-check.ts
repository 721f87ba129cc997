import type { StackPlan, EnvironmentStack, PlannedDelivery } from "./environment.ts";
import { errorFinding, type Finding } from "../finding.ts";

/** Output of `pulumi stack export`, as far as it is read here. */
export interface ExportedDeployment {
  readonly resources?: readonly {
    readonly type: string;
    readonly delete?: boolean;
    readonly inputs?: Readonly<Record<string, unknown>>;
  }[];
}

/** Names of the Key Vault secrets that have their value in a stack's state; none in `data-plane` mode. */
export function valuesInState({ resources = [] }: ExportedDeployment): readonly string[] {
  return resources
    .filter(({ type, delete: pending }) => type === "azure-native:keyvault:Secret" && pending !== true)
    .map(({ inputs }) => inputs?.["secretName"])
    .filter((name) => typeof name === "string");
}

/**
 * Absence is never a change: an update that would delete a value that state holds stops instead.
 * @param held - names of Key Vault secrets; see {@link valuesInState}.
 * @param pruned - names that `ameide-secrets prune` may delete. @default - none
 */
export function missingValues(
  plan: StackPlan,
  held: Iterable<string>,
  pruned: readonly string[] = [],
): readonly Finding[] {
  const shared = plan.kind === "shared" ? plan : plan.shared;
  if (shared === undefined) return [];
  return [...held]
    .filter((name) => !shared.keyVaultSecrets.has(name) && !pruned.includes(name))
    .toSorted()
    .map((name) => {
      const problem = `the state of this stack contains a value of ${name}, but .env does not: the update would delete it`;
      const fix = `put it back into .env, or delete it for good: ameide-secrets prune ${name} --yes`;
      return errorFinding("value-absent", "key-vault", name, problem, fix, shared.azure.keyVault);
    });
}

/** Deliveries that an update waits for: the catalogue requires each secret's value, or this update writes it. */
export function expectedDeliveries({
  plan,
  shared,
}: Pick<EnvironmentStack, "plan" | "shared">): ReadonlySet<PlannedDelivery> {
  const brought = new Set(
    plan.secrets
      .filter(({ keyVaultName = "" }) => shared?.keyVaultSecrets.has(keyVaultName) === true)
      .map(({ name }) => name),
  );
  return new Set(plan.deliveries.filter(({ mayLackValue = [] }) => mayLackValue.every((name) => brought.has(name))));
}
