import assert from "node:assert/strict";
import { ArmClient } from "../../../../stand-ins/providers/azure-native/arm-client.ts";
import { typeOf } from "../../../../stand-ins/providers/azure-native/provider.ts";
import { unknown, type JsonObject, type PropertyMap } from "../../../../stand-ins/providers/property-value.ts";

const address = { endpoint: "https://127.0.0.1:1", caPem: "", operatorToken: "" };
const client = new ArmClient({ ...address, subscriptionId: "sub" }, new AbortController().signal);

function ids(token: string, inputs: JsonObject) {
  const type = typeOf(`azure-native:${token}`);
  assert.ok(type);
  const id = type.idOf(client, inputs);
  return { id, imported: type.importedInputs({}, id) };
}

describe("typeOf", () => {
  it("also serves a type under its versioned tokens", () => {
    assert.equal(typeOf("azure-native:keyvault/v20230701:Vault"), typeOf("azure-native:keyvault:Vault"));
    assert.equal(typeOf("azure-native:keyvault/v20240401preview:Vault"), typeOf("azure-native:keyvault:Vault"));
    assert.equal(typeOf("azure-native:keyvault:ManagedHsm"), undefined);
  });

  it("builds Azure's ids, and finds the inputs in them again", () => {
    const group = { resourceGroupName: "Ameide" };
    const vault = { ...group, vaultName: "ameidekv" };
    const identity = { ...group, resourceName: "mi" };
    const root = "/subscriptions/sub/resourceGroups/Ameide";
    const vaultId = `${root}/providers/Microsoft.KeyVault/vaults/ameidekv`;
    const identityId = `${root}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mi`;
    for (const [token, inputs, id] of [
      ["resources:ResourceGroup", group, root],
      ["keyvault:Vault", vault, vaultId],
      ["keyvault:Secret", { ...vault, secretName: "s" }, `${vaultId}/secrets/s`],
      ["managedidentity:UserAssignedIdentity", identity, identityId],
      [
        "managedidentity:FederatedIdentityCredential",
        { ...identity, federatedIdentityCredentialResourceName: "dev" },
        `${identityId}/federatedIdentityCredentials/dev`,
      ],
      [
        "authorization:RoleAssignment",
        { scope: vaultId, roleAssignmentName: "guid" },
        `${vaultId}/providers/Microsoft.Authorization/roleAssignments/guid`,
      ],
    ] as const) {
      assert.deepEqual(ids(token, inputs), { id, imported: inputs });
    }
  });

  it("fails without a subscription, saying where to set it", () => {
    const nowhere = new ArmClient({ ...address, subscriptionId: undefined }, new AbortController().signal);
    const group = typeOf("azure-native:resources:ResourceGroup");
    assert.throws(() => group?.idOf(nowhere, { resourceGroupName: "a" }), /set subscriptionId on the provider/);
  });

  it("previews inputs without what Azure never returns, with values that only Azure knows as unknown", () => {
    const inputs = { vaultName: "ameidekv", properties: { createMode: "recover", sku: "standard" } };
    const { properties, location } = typeOf("azure-native:keyvault:Vault")?.plan(inputs) ?? {};
    const { vaultUri, provisioningState, ...visible } = properties as PropertyMap;
    assert.deepEqual(visible, { sku: "standard" });
    assert.deepEqual([vaultUri, provisioningState, location], [unknown, unknown, unknown]);
  });

  it("previews an update with properties that never change", () => {
    const old = { clientId: "client", location: "westeurope" };
    const planned = typeOf("azure-native:managedidentity:UserAssignedIdentity")?.plan({ resourceName: "mi" }, old);
    assert.deepEqual([planned?.["clientId"], planned?.["location"]], ["client", "westeurope"]);
    assert.equal(planned?.["principalId"], unknown);
  });

  it("replaces at a path inside a map, and deletes first: both would have one name", () => {
    const before = {
      vaultName: "ameidekv",
      location: "westeurope",
      properties: { createMode: "default", sku: "standard" },
    };
    const inputs = { ...before, properties: { createMode: "recover", sku: "premium" } };
    const request = { urn: "u", type: "t", name: "a", id: "i", oldInputs: before, oldOutputs: {}, ignoreChanges: [] };
    const { changes, deleteBeforeReplace } = typeOf("azure-native:keyvault:Vault")?.diff({ ...request, inputs }) ?? {};
    assert.deepEqual(changes?.get("properties.createMode"), { kind: "update", replaces: true });
    assert.deepEqual(changes?.get("properties.sku"), { kind: "update", replaces: false });
    assert.equal(deleteBeforeReplace, true);
  });
});
