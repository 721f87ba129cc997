import { bootstrapName } from "../../domain/names.ts";
import type { AzureStandIn } from "../../stand-ins/azure/stand-in.ts";
import { exchange, type HttpResponse } from "../../clients/http.ts";

export const namespace = "ameide-local";
const account = `system:serviceaccount:${namespace}:${bootstrapName}`;
export const azureAudience = "api://AzureADTokenExchange";
const subscription = "/subscriptions/11111111-1111-4111-8111-111111111111";
const group = `${subscription}/resourceGroups/Ameide`;
const keyVaultId = `${group}/providers/Microsoft.KeyVault/vaults/ameidekv`;
const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ameide-vault-bootstrap-mi`;
const secretsUser = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
export const roleAssignment = `${keyVaultId}/providers/Microsoft.Authorization/roleAssignments/22222222-2222-4222-8222-222222222222`;

async function azureCall(azure: AzureStandIn, method: string, path: string, body?: object): Promise<HttpResponse> {
  return await exchange(`${azure.origin}${path}`, {
    method,
    timeoutInMs: 30_000,
    ca: Buffer.from(azure.caPem),
    headers: { authorization: `Bearer ${azure.operatorToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** One call to Resource Manager as the subscription's owner. */
export async function arm(azure: AzureStandIn, method: string, id: string, body?: object): Promise<string> {
  const answer = await azureCall(azure, method, `${id}?api-version=2023-07-01`, body);
  if (answer.status >= 300) throw new Error(`${method} ${id}: ${answer.status} ${answer.body}`);
  return answer.body;
}

/**
 * Key Vault, identity, federated credential and role assignment, as the program makes them.
 *
 * @returns the identity's client id.
 */
export async function makeAzure(azure: AzureStandIn, issuer: string): Promise<string> {
  await arm(azure, "PUT", group, { location: "westeurope" });
  await arm(azure, "PUT", keyVaultId, {
    location: "westeurope",
    properties: {
      tenantId: azure.tenantId,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
    },
  });
  const identity = JSON.parse(await arm(azure, "PUT", identityId, { location: "westeurope" })) as {
    properties: { clientId: string };
  };
  await federate(azure, issuer);
  await giveRole(azure);
  azure.control.configure({ creationsPer10Seconds: 100_000 });
  return identity.properties.clientId;
}

/** @param changes - of the credential, such as another subject. */
export async function federate(azure: AzureStandIn, issuer: string, changes: object = {}): Promise<void> {
  await arm(azure, "PUT", `${identityId}/federatedIdentityCredentials/vault-bootstrap-local`, {
    properties: { issuer, subject: account, audiences: [azureAudience], ...changes },
  });
}

export async function giveRole(azure: AzureStandIn): Promise<void> {
  const identity = JSON.parse(await arm(azure, "GET", identityId)) as { properties: { principalId: string } };
  await arm(azure, "PUT", roleAssignment, {
    properties: {
      roleDefinitionId: secretsUser,
      principalId: identity.properties.principalId,
      principalType: "ServicePrincipal",
    },
  });
}
