import { readFileSync } from "node:fs";
import { AzureClient } from "../../clients/azure.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { LocalHome } from "../../local/home.ts";
import type { ArmAddress } from "../../stand-ins/providers/azure-native/arm-client.ts";

/** The Azure stand-in of a home, as the person who owns its subscription. */
export function localArm(home: LocalHome): Omit<ArmAddress, "subscriptionId" | "location"> {
  return {
    endpoint: home.azureUrl,
    caPem: readFileSync(home.azure.caCertificate, "utf8"),
    operatorToken: readFileSync(home.azure.operatorToken, "utf8").trim(),
  };
}

/** The same, to be read as any Azure. */
export function localAzure(home: LocalHome, keyVaultUri: string): AzureClient {
  const { endpoint, caPem, operatorToken } = localArm(home);
  const token = () => Promise.resolve(new Redacted(operatorToken));
  return new AzureClient({ resourceManager: endpoint, keyVaultUri, token, ca: caPem });
}
