import type { AzurePlace } from "../plan/environment.ts";

/** Azure's built-in role "Key Vault Secrets User": reads secrets' values, writes nothing. */
export const keyVaultSecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

/** Resource Manager's id of the identity `ameide-vault-bootstrap-mi`. */
export function identityId(azure: AzurePlace): string {
  return `${groupId(azure)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${azure.identity}`;
}

export function keyVaultId(azure: AzurePlace): string {
  return `${groupId(azure)}/providers/Microsoft.KeyVault/vaults/${azure.keyVault}`;
}

export function keyVaultSecretId(azure: AzurePlace, name: string): string {
  return `${keyVaultId(azure)}/secrets/${name}`;
}

function groupId({ subscriptionId, resourceGroup }: AzurePlace): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}
