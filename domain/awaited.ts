import type { EnvironmentStack } from "./environment.ts";
import type { PlannedDelivery } from "./plan.ts";

/**
 * The deliveries that must become Ready for an update to be done: those whose every secret is sure to have a value by
 * then. One that may lack a value here is applied all the same; `doctor` tells what it waits for.
 */
export function awaitedDeliveries({
  plan,
  shared,
}: Pick<EnvironmentStack, "plan" | "shared">): ReadonlySet<PlannedDelivery> {
  const sure = new Set(
    plan.secrets
      .filter(({ authority, required, fixture, keyVaultName = "" }) => {
        const known = authority === "generated" || required || fixture !== undefined;
        return known || shared?.keyVaultSecrets.has(keyVaultName) === true;
      })
      .map(({ name }) => name),
  );
  return new Set(plan.deliveries.filter(({ keys }) => keys.every(({ secret }) => sure.has(secret))));
}
