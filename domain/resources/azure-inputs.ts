import { createHash } from "node:crypto";
import type { AzureTarget, FederatedSubject } from "../plan/environment.ts";

/** Azure's built-in role "Key Vault Secrets User": reads secrets' values, writes nothing. */
export const keyVaultSecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

/** Resource Manager's id of the identity `ameide-vault-bootstrap-mi`. */
export function identityId(azure: AzureTarget): string {
  return `${groupId(azure)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${azure.identity}`;
}

export function keyVaultId(azure: AzureTarget): string {
  return `${groupId(azure)}/providers/Microsoft.KeyVault/vaults/${azure.keyVault}`;
}

export function keyVaultSecretId(azure: AzureTarget, name: string): string {
  return `${keyVaultId(azure)}/secrets/${name}`;
}

function groupId({ subscriptionId, resourceGroup }: AzureTarget): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

// Inputs as azure-native spells them. Components register them; the guard judges the same data before that.
// A type parameter is for values that only another resource knows.

/** Of every value, however it gets into Key Vault: companies' policies require that a secret has a content type. */
export const secretContentType = "text/plain";

export function resourceGroupInputs(azure: AzureTarget) {
  return { resourceGroupName: azure.resourceGroup, location: azure.location, ...tagsOf(azure) };
}

/** Rights by role assignment only: an access policy on such a vault has no effect, and nothing reports that. */
export function keyVaultInputs(azure: AzureTarget) {
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
function networkInputs(network: AzureTarget["network"]) {
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

function tagsOf({ tags }: AzureTarget) {
  return tags === undefined ? {} : { tags: { ...tags } };
}

/** @param value - marked secret by whoever registers it. */
export function keyVaultSecretInputs<T>(azure: AzureTarget, secretName: string, value: T) {
  return {
    resourceGroupName: azure.resourceGroup,
    vaultName: azure.keyVault,
    secretName,
    ...tagsOf(azure),
    properties: { value, contentType: secretContentType },
  };
}

export function identityInputs(azure: AzureTarget) {
  const { identity, resourceGroup, location } = azure;
  return { resourceName: identity, resourceGroupName: resourceGroup, location, ...tagsOf(azure) };
}

/** A GUID with the principal in it: a recreated identity has another one, and the old assignment keeps its name. */
export function secretsUserName({ subscriptionId, resourceGroup, keyVault }: AzureTarget, principalId: string): string {
  return nameBasedGuid([subscriptionId, resourceGroup, keyVault, principalId, keyVaultSecretsUser].join("/"));
}

/** `principalType` saves Azure a look-up that fails for minutes after an identity was created. */
export function secretsUserInputs<T>(
  { subscriptionId }: AzureTarget,
  of: { readonly name: T; readonly keyVaultId: T; readonly principalId: T },
) {
  return {
    roleAssignmentName: of.name,
    scope: of.keyVaultId,
    principalId: of.principalId,
    principalType: "ServicePrincipal" as const,
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
  };
}

export function federatedCredentialInputs<T>(
  { resourceGroup }: AzureTarget,
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

/** Namespace of our own names; drawn once, never to be changed. */
const namespace = Buffer.from("5f0d3c5e4c6b4b0c9d0e6f2a7b1c8d93", "hex");

/** The same GUID, version 5, for the same text. @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5 */
export function nameBasedGuid(text: string): string {
  const bytes = createHash("sha1").update(namespace).update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
