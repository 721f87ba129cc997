import type { AzurePlace, FederatedSubject, KeyVaultNetwork } from "../plan/environment.ts";
import { keyVaultSecretsUser } from "./azure-ids.ts";
import { nameBasedGuid } from "./name-based-guid.ts";

/*
 * Inputs of the Azure resources, spelled as azure-native spells them. Components register them; the guard judges the same
 * data before anything is registered. A type parameter stands for what only another resource knows.
 */

/** Of every value, however it gets into Key Vault: companies' policies require that a secret has a content type. */
export const secretContentType = "text/plain";

export function resourceGroupInputs(azure: AzurePlace) {
  return { resourceGroupName: azure.resourceGroup, location: azure.location, ...tagsOf(azure) };
}

/** Rights by role assignment only: an access policy on such a vault has no effect, and nothing reports that. */
export function keyVaultInputs(azure: AzurePlace) {
  return {
    vaultName: azure.keyVault,
    resourceGroupName: azure.resourceGroup,
    location: azure.location,
    ...tagsOf(azure),
    properties: {
      tenantId: azure.tenantId,
      sku: { family: "A" as const, name: azure.sku ?? "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 90,
      ...networkInputs(azure.network),
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
      ...(azure.recover === true ? { createMode: "recover" as const } : {}),
    },
  };
}

/** Azure ignores the rules of a vault without public access; they still deny, for a day when somebody turns it on by hand. */
function networkInputs(network: KeyVaultNetwork | undefined) {
  if (network === undefined) return { publicNetworkAccess: "enabled" };
  return {
    publicNetworkAccess: network.publicAccess ? "enabled" : "disabled",
    networkAcls: {
      defaultAction: "Deny" as const,
      bypass: network.trustedServices ? ("AzureServices" as const) : ("None" as const),
      ipRules: network.addresses.map((value) => ({ value })),
      virtualNetworkRules: network.subnets.map((id) => ({ id })),
    },
  };
}

function tagsOf({ tags }: AzurePlace) {
  return tags === undefined ? {} : { tags: { ...tags } };
}

/** @param value - marked secret by whoever registers it. */
export function keyVaultSecretInputs<T>(azure: AzurePlace, secretName: string, value: T) {
  return {
    resourceGroupName: azure.resourceGroup,
    vaultName: azure.keyVault,
    secretName,
    ...tagsOf(azure),
    properties: { value, contentType: secretContentType },
  };
}

export function identityInputs(azure: AzurePlace) {
  const { identity, resourceGroup, location } = azure;
  return { resourceName: identity, resourceGroupName: resourceGroup, location, ...tagsOf(azure) };
}

/**
 * The caller chooses the assignment's name, a GUID: one that is made of what it assigns is the same in every run.
 * `principalType` saves Azure a look-up that fails for minutes after an identity was created.
 */
export function secretsUserInputs<T>(azure: AzurePlace, of: { readonly keyVaultId: T; readonly principalId: T }) {
  return {
    roleAssignmentName: nameBasedGuid(
      `${azure.subscriptionId}/${azure.resourceGroup}/${azure.keyVault}/${azure.identity}/${keyVaultSecretsUser}`,
    ),
    scope: of.keyVaultId,
    principalId: of.principalId,
    principalType: "ServicePrincipal" as const,
    roleDefinitionId: `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
  };
}

export function federatedCredentialInputs<T>(
  { resourceGroup }: AzurePlace,
  identityName: T,
  { name, issuer, subject, audience }: FederatedSubject,
) {
  return {
    federatedIdentityCredentialResourceName: name,
    resourceGroupName: resourceGroup,
    resourceName: identityName,
    issuer,
    subject,
    audiences: [audience],
  };
}
