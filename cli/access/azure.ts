import { azureReader, type AzureReader } from "../../diagnose/observe/access.ts";
import type { AzurePlace } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";

/** Azure as the person at the keyboard, by the default credential chain (az login, workload identity, environment). */
export async function cloudAzure({ keyVaultUri, extraCaPem }: AzurePlace): Promise<AzureReader> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = new DefaultAzureCredential();
  return azureReader({
    resourceManager: "https://management.azure.com",
    keyVaultUri,
    token: async (scope) => new Redacted((await credential.getToken(scope)).token),
    ...(extraCaPem === undefined ? {} : { ca: extraCaPem }),
  });
}
