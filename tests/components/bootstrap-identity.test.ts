import assert from "node:assert/strict";
import { BootstrapIdentity } from "../../components/bootstrap-identity.ts";
import { recordStack } from "../support/record-stack.ts";
import { azure, companyStack } from "../support/stacks.ts";

const vaultId = "/subscriptions/s/resourceGroups/Ameide/providers/Microsoft.KeyVault/vaults/ameidekv";

function record(protect = true) {
  return recordStack(
    () => new BootstrapIdentity("id", { azure, keyVaultId: vaultId, protect }),
    () => ({ clientId: "client", principalId: "principal" }),
  );
}

describe("BootstrapIdentity", () => {
  it("makes one identity and one role assignment, named after itself", async () => {
    assert.deepEqual(
      (await record()).map(({ type, name, parent }) => `${type} ${name} of ${parent}`),
      [
        "ameide-secrets:identity:BootstrapIdentity id of undefined",
        "azure-native:managedidentity:UserAssignedIdentity id-identity of id",
        "azure-native:authorization:RoleAssignment id-secrets-user of id",
      ],
    );
  });

  it("gives a company's tags to the identity", async () => {
    const company = companyStack().azure;
    const [, identity] = await recordStack(
      () => new BootstrapIdentity("id", { azure: company, keyVaultId: vaultId, protect: true }),
      () => ({ clientId: "client", principalId: "principal" }),
    );
    assert.deepEqual(identity?.inputs["tags"], company.tags);
  });

  it("lets the identity read secrets at the vault's scope, and gives it no other right", async () => {
    const assignment = (await record())[2];
    assert.deepEqual(assignment?.inputs, {
      roleAssignmentName: "93466c6f-d51b-52c7-a08e-ba130d6f13fc",
      scope: vaultId,
      principalId: "principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`,
    });
  });

  it("deletes an assignment before it makes the next: Azure refuses two of one name", async () => {
    assert.equal((await record())[2]?.options.deleteBeforeReplace, true);
  });

  for (const protect of [true, false]) {
    it(`${protect ? "protects" : "does not protect"} both where protect is ${protect}`, async () => {
      const options = (await record(protect)).slice(1).map(({ options: o }) => [o.protect, o.retainOnDelete]);
      assert.deepEqual(options, [
        [protect, protect],
        [protect, protect],
      ]);
    });
  }
});
