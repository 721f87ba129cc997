import * as pulumi from "@pulumi/pulumi";
import { registerStack } from "./chain.ts";
import { requireVault } from "./components/vault-preflight.ts";
import { UserError } from "./domain/user-error.ts";
import { load } from "./environments/index.ts";

/** What plain `pulumi preview` and `pulumi up` run: reads this stack's settings and `.env`, asks Vault, and registers. */
export default async function program(): Promise<Record<string, unknown>> {
  const settings: unknown = new pulumi.Config("ameide-secrets").getObject("settings");
  const { VAULT_ADDR: vaultAddress, VAULT_TOKEN: vaultToken } = process.env;
  try {
    const plan = await load({ stack: pulumi.getStack(), settings, ...(vaultAddress && { vaultAddress }) });
    if (plan.kind === "environment") await requireVault(plan, vaultToken);
    return registerStack(plan);
  } catch (error) {
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
}
