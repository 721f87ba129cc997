import type { AzurePlace, FederatedSubject } from "../plan/environment.ts";
import { keyVaultSecretsUser } from "./azure-ids.ts";
import { nameBasedGuid } from "./name-based-guid.ts";

/*
 * Inputs of the Azure resources, spelled as azure-native spells them. Components register them; the guard judges the same
 * data before anything is registered. A type parameter stands for what only another resource knows.
 */

export function resourceGroupInputs({ resourceGroup, location }: AzurePlace) {
  return { resourceGroupName: resourceGroup, location };
}

/** Rights by role assignment only: an access policy on such a vault has no effect, and nothing reports that. */
export function keyVaultInputs(azure: AzurePlace) {
  return {
    vaultName: azure.keyVault,
    resourceGroupName: azure.resourceGroup,
    location: azure.location,
    properties: {
      tenantId: azure.tenantId,
      sku: { family: "A" as const, name: "standard" as const },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 90,
      publicNetworkAccess: "enabled",
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
      ...(azure.recover === true ? { createMode: "recover" as const } : {}),
    },
  };
}

/** @param value - marked secret by whoever registers it. */
export function keyVaultSecretInputs<T>(azure: AzurePlace, secretName: string, value: T) {
  return {
    resourceGroupName: azure.resourceGroup,
    vaultName: azure.keyVault,
    secretName,
    properties: { value, contentType: "text/plain" },
  };
}

export function identityInputs(azure: AzurePlace) {
  return { resourceName: azure.identity, resourceGroupName: azure.resourceGroup, location: azure.location };
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
