import type { ChainPlan } from "../../domain/plan.ts";
import { columns } from "./columns.ts";

/** The chain of each secret that has a value, hop by hop; the others as a number. */
export function formatPlan(plan: ChainPlan, withValue: ReadonlySet<string>): string {
  const carried = plan.secrets.filter(({ name }) => withValue.has(name));
  const rows = carried.map(({ name, variable = "-", keyVaultName = "-", vaultPath }) => [
    variable,
    keyVaultName,
    vaultPath,
    targetsOf(plan, name).join(", ") || "-",
  ]);
  const without = plan.secrets.filter(({ name, authority }) => authority === "external" && !withValue.has(name));
  const generated = plan.secrets.filter(({ authority }) => authority === "generated");
  return [
    "what it will walk:",
    ...columns([[".env", "Key Vault", "Vault", "Kubernetes Secrets"], ...rows]).map((line) => `  ${line}`),
    ...(without.length === 0 ? [] : [`  and ${without.length} more once .env has a value for them`]),
    ...(generated.length === 0
      ? []
      : [`  and ${generated.length} that vault-bootstrap generates where they are absent`]),
  ].join("\n");
}

function targetsOf({ deliveries }: ChainPlan, secret: string): readonly string[] {
  return deliveries
    .filter(({ keys }) => keys.some((key) => key.secret === secret))
    .map(({ namespace, target }) => `${namespace}/${target}`);
}
