import type { StackPlan, EnvironmentStack, PlannedDelivery } from "./environment.ts";
import type { Finding } from "../finding.ts";

/** As `pulumi stack export` gives it, as far as it is read here. */
export interface ExportedDeployment {
  readonly resources?: readonly {
    readonly type: string;
    readonly delete?: boolean;
    readonly inputs?: Readonly<Record<string, unknown>>;
  }[];
}

/** Names of the Key Vault secrets whose values a stack's state holds; empty where values travel by the data plane. */
export function valuesInState({ resources = [] }: ExportedDeployment): readonly string[] {
  return resources
    .filter(({ type, delete: pending }) => type === "azure-native:keyvault:Secret" && pending !== true)
    .map(({ inputs }) => inputs?.["secretName"])
    .filter((name) => typeof name === "string");
}

/**
 * Absence is never a change: a value that state holds and that is not here would be deleted by the update, so the update
 * stops instead.
 *
 * @param held - names of Key Vault secrets; see {@link valuesInState}.
 * @param pruned - names that may go: `ameide-secrets prune` was told so. @default - none
 * @returns one error for each name that would go.
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
    .map((name) => ({
      code: "value-absent",
      stage: "key-vault",
      severity: "error",
      where: shared.azure.keyVault,
      subject: name,
      problem: `the state of this stack holds a value of ${name}, and there is none here: the update would delete it`,
      fix: `put it back into .env, or let it go for good: ameide-secrets prune ${name} --yes`,
    }));
}

/**
 * The deliveries that must become Ready for an update to be done: those whose every secret is sure to have a value by
 * then, because something promises it or this very update brings it. One that may lack a value is applied all the same;
 * `doctor` tells what it waits for.
 */
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
