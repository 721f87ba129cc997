import assert from "node:assert/strict";
import { BootstrapIdentity } from "../../components/identity.ts";
import { secretsUserName } from "../../domain/resources/azure-inputs.ts";
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
  it("creates one identity and one role assignment, named after itself", async () => {
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

  it("allows the identity to read secrets at the vault's scope, and nothing else", async () => {
    const assignment = (await record())[2];
    assert.deepEqual(assignment?.inputs, {
      roleAssignmentName: secretsUserName(azure, "principal"),
      scope: vaultId,
      principalId: "principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`,
    });
  });

  it("names the assignment after its principal, and keeps the name of one that exists for the same principal", async () => {
    assert.notEqual(secretsUserName(azure, "principal"), secretsUserName(azure, "another"));
    assert.deepEqual((await record())[2]?.options.ignoreChanges, ["roleAssignmentName"]);
  });

  for (const protect of [true, false]) {
    it(`${protect ? "protects" : "does not protect"} the identity where protect is ${protect}`, async () => {
      const options = (await record(protect)).slice(1).map(({ options: o }) => [o.protect, o.retainOnDelete]);
      assert.deepEqual(options, [
        [protect, protect],
        // replaced with its principal, and never deleted in Azure
        [false, protect],
      ]);
    });
  }
});
