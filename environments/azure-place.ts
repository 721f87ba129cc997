import type { AzurePlace } from "../domain/plan/environment.ts";
import type { AzureSettings } from "./azure-settings.ts";

/** The Azure that the settings name, in Azure's public cloud. */
export function publicAzure(settings: AzureSettings): AzurePlace {
  return { ...settings, keyVaultUri: `https://${settings.keyVault}.vault.azure.net/` };
}
