import * as pulumi from "@pulumi/pulumi";
import { registerStack } from "./chain.ts";
import { refuseForeignObjects } from "./cli/deploy/ownership/ownership.ts";
import { refuseDeliverySwitch, requireSharedStack } from "./components/shared-stack.ts";
import { requireVault } from "./components/vault-preflight.ts";
import type { StackPlan } from "./domain/plan/environment.ts";
import { refuseRevealingLogs } from "./domain/engine-logging.ts";
import { errorsOf } from "./domain/finding.ts";
import { UserError } from "./domain/user-error.ts";
import { readCatalogue } from "./environments/catalogue.ts";
import { load } from "./environments/index.ts";
import { contextOf, guardTransformation, judgePlan } from "./policies/guard.ts";

/**
 * What plain `pulumi preview` and `pulumi up` run: judges the whole plan, checks the shared stack, Vault and the
 * cluster, and only then registers the resources.
 * @throws pulumi.RunError with everything that is wrong, before anything is registered.
 */
export default async function program(): Promise<Record<string, unknown>> {
  const settings: unknown = new pulumi.Config("ameide-secrets").getObject("settings");
  const { VAULT_ADDR: vaultAddress, VAULT_TOKEN: vaultToken } = process.env;
  const { VAULT_CACERT: vaultCaFile, VAULT_NAMESPACE: vaultNamespace } = process.env;
  try {
    refuseRevealingLogs(withoutEngineOwn(process.env));
    const plan = await load({
      stack: pulumi.getStack(),
      settings,
      ...(vaultAddress && { vaultAddress }),
      ...(vaultCaFile && { vaultCaFile }),
      ...(vaultNamespace && { vaultNamespace }),
    });
    guard(plan);
    await requireSharedStack(plan);
    if (plan.kind === "environment") {
      const warn = (text: string): void => void pulumi.log.warn(text);
      await refuseDeliverySwitch(plan);
      await requireVault(plan, vaultToken);
      await refuseForeignObjects(plan, { isPreview: pulumi.runtime.isDryRun(), warn });
    }
    return registerStack(plan, { valuesInState: await valuesInStateOf(plan) });
  } catch (error) {
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
}

/** The engine passes the address of its own log receiver to every program that it starts, whatever its environment. */
function withoutEngineOwn({
  PULUMI_LOG_OTLP_ENDPOINT: _log,
  PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT: _traces,
  ...environment
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return environment;
}

/** The policy pack's own rules, embedded: they apply without `--policy-pack`, and to what is declared outside the plan. */
function guard(plan: StackPlan): void {
  const catalogue = readCatalogue();
  const refused = errorsOf(judgePlan(plan, catalogue));
  if (refused.length > 0) throw UserError.from(refused);
  pulumi.runtime.registerStackTransformation(guardTransformation(contextOf(plan, catalogue)));
}

/** Names of the Key Vault secrets whose values are in this stack's state, as the last update wrote them to its outputs. */
async function valuesInStateOf(plan: StackPlan): Promise<readonly string[]> {
  if (plan.kind === "environment" && plan.shared === undefined) return [];
  const self = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { value } = await new pulumi.StackReference("self", { name: self }).getOutputDetails("keyVaultSecrets");
  return Array.isArray(value) ? value.map(String) : [];
}
