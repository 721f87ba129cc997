import type { AzurePlace } from "./environment.ts";

/** Resource Manager's id of the identity `ameide-vault-bootstrap-mi`. */
export function identityId(azure: AzurePlace): string {
  return `${groupId(azure)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${azure.identity}`;
}

export function keyVaultId(azure: AzurePlace): string {
  return `${groupId(azure)}/providers/Microsoft.KeyVault/vaults/${azure.keyVault}`;
}

function groupId({ subscriptionId, resourceGroup }: AzurePlace): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}
