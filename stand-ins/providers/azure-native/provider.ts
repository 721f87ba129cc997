import type { LiveConfig } from "../config.ts";
import type { CreationJournal } from "../creation-journal.ts";
import { PathTemplate } from "../path-template.ts";
import { stringAt, type JsonObject } from "../property-value.ts";
import { TypedProvider, withoutVersion, type ResourceType } from "../typed-provider.ts";
import { ArmClient } from "./arm-client.ts";
import { armType } from "./arm-type.ts";

/** @param azure - undefined: offline */
export function azureNativeProvider(
  azure: LiveConfig["azure"] | undefined,
  journal: CreationJournal,
): TypedProvider<ArmClient> {
  return new TypedProvider({
    name: "azure-native",
    journal,
    typeOf,
    connect: (options, cancelled) => {
      const subscriptionId = azure?.subscriptionId ?? stringAt(options, "subscriptionId");
      return azure && new ArmClient({ ...azure, subscriptionId }, cancelled);
    },
  });
}

const inGroup = "/resourceGroups/{resourceGroupName}";
const vaultPath = `${inGroup}/providers/Microsoft.KeyVault/vaults/{vaultName}`;
const identityPath = `${inGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}`;
const keyVaultVersion = "2024-11-01";
const identityVersion = "2024-11-30";

const resourceGroup = armType({
  apiVersion: "2025-04-01",
  path: new PathTemplate(inGroup),
  rootInputs: ["location", "managedBy", "tags"],
  flattened: [],
});

const vault = armType({
  apiVersion: keyVaultVersion,
  path: new PathTemplate(vaultPath),
  rootInputs: ["location", "tags"],
  immutable: ["properties.createMode"],
  computed: ["vaultUri", "provisioningState"],
  writeOnly: ["createMode"],
});

/**
 * Resource Manager can neither delete nor recover a secret, so both use the data plane.
 *
 * @see https://github.com/pulumi/pulumi-azure-native/pull/4759: a creation recovers a soft-deleted secret first
 */
const secret = armType({
  apiVersion: keyVaultVersion,
  path: new PathTemplate(`${vaultPath}/secrets/{secretName}`),
  rootInputs: ["tags"],
  computed: ["secretUri", "secretUriWithVersion"],
  writeOnly: ["value"],
  async remove(client, id) {
    const { uri, name } = await onDataPlane(client, id);
    if (uri !== undefined) await client.deleteSecret(uri, name);
  },
  async recover(client, id) {
    const { uri, name } = await onDataPlane(client, id);
    return uri !== undefined && client.recoverSecret(uri, name);
  },
});

/** @returns the secret's name and its vault's URI, or no URI if the vault does not exist. */
async function onDataPlane(client: ArmClient, id: string): Promise<{ readonly uri?: string; readonly name: string }> {
  const [vaultId = "", name = ""] = id.split("/secrets/");
  const found = await client.get(vaultId, keyVaultVersion);
  const uri = (found?.["properties"] as JsonObject | undefined)?.["vaultUri"];
  return typeof uri === "string" ? { uri, name } : { name };
}

const userAssignedIdentity = armType({
  apiVersion: identityVersion,
  path: new PathTemplate(identityPath),
  rootInputs: ["location", "tags"],
  flattened: [],
  flattenedOutputs: ["clientId", "principalId", "tenantId"],
});

const federatedIdentityCredential = armType({
  apiVersion: identityVersion,
  path: new PathTemplate(`${identityPath}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}`),
  rootInputs: [],
  flattened: ["audiences", "issuer", "subject"],
});

/** @see https://learn.microsoft.com/rest/api/authorization/role-assignments: only its description can change */
const roleAssignment = armType({
  apiVersion: "2022-04-01",
  path: new PathTemplate("{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"),
  rootInputs: [],
  flattened: [
    "condition",
    "conditionVersion",
    "delegatedManagedIdentityResourceId",
    "description",
    "principalId",
    "principalType",
    "roleDefinitionId",
  ],
  flattenedOutputs: ["createdBy", "createdOn", "scope", "updatedBy", "updatedOn"],
  immutable: ["principalId", "principalType", "roleDefinitionId"],
});

const types: Readonly<Record<string, ResourceType<ArmClient>>> = {
  "azure-native:authorization:RoleAssignment": roleAssignment,
  "azure-native:keyvault:Secret": secret,
  "azure-native:keyvault:Vault": vault,
  "azure-native:managedidentity:FederatedIdentityCredential": federatedIdentityCredential,
  "azure-native:managedidentity:UserAssignedIdentity": userAssignedIdentity,
  "azure-native:resources:ResourceGroup": resourceGroup,
};

/** @param token - of any API version, such as `azure-native:keyvault/v20230701:Vault`. */
export function typeOf(token: string): ResourceType<ArmClient> | undefined {
  return types[withoutVersion(token)];
}
