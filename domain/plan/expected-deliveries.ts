import type { EnvironmentStack } from "./environment.ts";
import type { PlannedDelivery } from "../plan.ts";

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
