import type { LiveConfig } from "../config.ts";
import type { CreationJournal } from "../creation-journal.ts";
import { stringAt, textAt, type JsonObject } from "../property-value.ts";
import { TypedProvider, type ResourceType } from "../typed-provider.ts";
import { ArmClient } from "./arm-client.ts";
import { withoutVersion } from "../type-token.ts";
import { armType } from "./arm-type.ts";

/** The types of the provider `azure-native` that this program uses. @param azure - undefined: offline */
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

const managedIdentity = "Microsoft.ManagedIdentity/userAssignedIdentities";
const keyVault = "Microsoft.KeyVault/vaults";
const keyVaultVersion = "2024-11-01";
const identityVersion = "2024-11-30";

function inGroup(client: ArmClient, inputs: JsonObject, path: string): string {
  return `${client.subscription}/resourceGroups/${textAt(inputs, "resourceGroupName")}/providers/${path}`;
}

/** The part of an id after one of its keywords, such as the name after `resourceGroups`. */
function after(id: string, keyword: string): string {
  return new RegExp(`/${keyword}/([^/]+)`, "i").exec(id)?.[1] ?? "";
}

const resourceGroup = armType({
  apiVersion: "2025-04-01",
  nameInput: "resourceGroupName",
  idOf: (client, inputs) => `${client.subscription}/resourceGroups/${textAt(inputs, "resourceGroupName")}`,
  idInputs: () => ({}),
  rootInputs: ["location", "managedBy", "tags"],
  flattened: [],
});

const vault = armType({
  apiVersion: keyVaultVersion,
  nameInput: "vaultName",
  idOf: (client, inputs) => inGroup(client, inputs, `${keyVault}/${textAt(inputs, "vaultName")}`),
  idInputs: (id) => ({ resourceGroupName: after(id, "resourceGroups") }),
  rootInputs: ["location", "tags"],
  immutable: ["properties.createMode"],
  computedIn: { properties: ["vaultUri", "provisioningState"] },
  writeOnly: { properties: ["createMode"] },
});

/**
 * A value goes in and never comes out. Resource Manager can neither delete a secret nor bring it back from soft delete, so
 * both go to the data plane.
 *
 * @see https://github.com/pulumi/pulumi-azure-native/pull/4759: a creation that meets a deleted secret recovers it first
 */
const secret = armType({
  apiVersion: keyVaultVersion,
  nameInput: "secretName",
  idOf: (client, inputs) =>
    inGroup(client, inputs, `${keyVault}/${textAt(inputs, "vaultName")}/secrets/${textAt(inputs, "secretName")}`),
  idInputs: (id) => ({ resourceGroupName: after(id, "resourceGroups"), vaultName: after(id, "vaults") }),
  rootInputs: ["tags"],
  computedIn: { properties: ["secretUri", "secretUriWithVersion"] },
  writeOnly: { properties: ["value"] },
  async remove(client, id) {
    const { uri, name } = await onDataPlane(client, id);
    if (uri !== undefined) await client.deleteSecret(uri, name);
  },
  async recover(client, id) {
    const { uri, name } = await onDataPlane(client, id);
    return uri !== undefined && client.recoverSecret(uri, name);
  },
});

/** @returns the vault's URI, or undefined where there is no such vault, and the secret's name. */
async function onDataPlane(client: ArmClient, id: string): Promise<{ readonly uri?: string; readonly name: string }> {
  const [vaultId = "", name = ""] = id.split("/secrets/");
  const found = await client.get(vaultId, keyVaultVersion);
  const uri = (found?.["properties"] as JsonObject | undefined)?.["vaultUri"];
  return typeof uri === "string" ? { uri, name } : { name };
}

const userAssignedIdentity = armType({
  apiVersion: identityVersion,
  nameInput: "resourceName",
  idOf: (client, inputs) => inGroup(client, inputs, `${managedIdentity}/${textAt(inputs, "resourceName")}`),
  idInputs: (id) => ({ resourceGroupName: after(id, "resourceGroups") }),
  rootInputs: ["location", "tags"],
  flattened: [],
  flattenedOutputs: ["clientId", "principalId", "tenantId"],
});

const federatedIdentityCredential = armType({
  apiVersion: identityVersion,
  nameInput: "federatedIdentityCredentialResourceName",
  idOf: (client, inputs) => {
    const name = textAt(inputs, "federatedIdentityCredentialResourceName");
    return inGroup(
      client,
      inputs,
      `${managedIdentity}/${textAt(inputs, "resourceName")}/federatedIdentityCredentials/${name}`,
    );
  },
  idInputs: (id) => ({
    resourceGroupName: after(id, "resourceGroups"),
    resourceName: after(id, "userAssignedIdentities"),
  }),
  rootInputs: [],
  flattened: ["audiences", "issuer", "subject"],
});

/** @see https://learn.microsoft.com/rest/api/authorization/role-assignments: only its description can change */
const roleAssignment = armType({
  apiVersion: "2022-04-01",
  nameInput: "roleAssignmentName",
  idOf: (_client, inputs) =>
    `/${textAt(inputs, "scope").replace(/^\//, "")}/providers/Microsoft.Authorization/roleAssignments/${textAt(inputs, "roleAssignmentName")}`,
  idInputs: (id) => ({ scope: id.split("/providers/Microsoft.Authorization/")[0] ?? "" }),
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
