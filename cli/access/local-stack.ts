import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import type { LocalHome } from "../../local/home.ts";

/** Loads the `local` stack: settings of its stack file, moved to the ports of this home. */
export async function loadLocalStack(home: LocalHome, envFiles: readonly string[]): Promise<EnvironmentStack> {
  const settings = { ...(readStackSettings("local", repositoryRoot) as object), portBase: home.portBase };
  const stack = await load({ stack: "local", settings, envFiles, localHome: home.dir });
  if (stack.kind !== "environment") throw new Error("the local stack is an environment");
  return stack;
}

/** The tenant and subscription that the Azure stand-in plays: those of the stack file, which `load` checks later. */
export function localAzureAccount(): { readonly tenantId?: string; readonly subscriptionId?: string } {
  const settings = readStackSettings("local", repositoryRoot) as {
    readonly azure?: ReturnType<typeof localAzureAccount>;
  };
  return settings.azure ?? {};
}

/** Of the one Key Vault that the stand-in serves. */
export function localAzureUri(home: LocalHome): string {
  return `${home.azureUrl}/`;
}
