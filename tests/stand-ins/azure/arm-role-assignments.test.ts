import assert from "node:assert/strict";
import { group, refusal, secretsOfficer, secretsUser, subscription, vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("roleAssignmentRoutes", () => {
  const { rig } = useAzureRig();
  const name = "33333333-3333-4333-8333-333333333333";

  it("are created, repeated, read, listed by principal and scope, and deleted", async () => {
    const { principalId } = await rig().makeIdentity();
    const made = await rig().assign(principalId, vaultId, secretsUser, name);
    assert.equal(made.status, 201);
    assert.deepEqual(made.body.properties, {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`,
      principalId,
      principalType: "ServicePrincipal",
      scope: vaultId,
    });
    assert.equal((await rig().assign(principalId, vaultId, secretsUser, name)).status, 200);

    const list = async (scope: string, filter = "") => {
      const all = `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(filter)}`;
      return (await rig().arm("GET", all)).body.value.length;
    };
    assert.equal(await list(group), 1);
    assert.equal(await list(group, "atScope()"), 0);
    assert.equal(await list(`${vaultId}/secrets/one`, "atScope()"), 1);
    for (const filter of [`principalId eq '${principalId}'`, `assignedTo('${principalId}')`]) {
      assert.equal(await list(vaultId, filter), 1);
      assert.equal(await list(vaultId, filter.replace(principalId, name)), 0);
    }
    assert.equal((await rig().arm("DELETE", made.body.id)).status, 200);
    assert.equal((await rig().arm("DELETE", made.body.id)).status, 204);
  });

  it("fail under another name for what is already assigned, naming the existing one", async () => {
    const { principalId } = await rig().makeIdentity();
    await rig().assign(principalId, vaultId, secretsUser, name);

    const again = await rig().assign(principalId);

    assert.deepEqual(refusal(again), [409, "RoleAssignmentExists"]);
    assert.match(again.body.error.message, /is 33333333333343338333333333333333\.$/);
  });

  it("fail under the same name for another role, scope or principal, an unknown role, and a name that is not a GUID", async () => {
    const { principalId } = await rig().makeIdentity();
    await rig().assign(principalId, vaultId, secretsUser, name);

    const changed = await rig().assign(principalId, vaultId, secretsOfficer, name);
    const unknown = await rig().assign(principalId, vaultId, name);
    const named = await rig().assign(principalId, group, secretsUser, "reader");
    const elsewhere = await rig().assign(principalId, group, secretsUser, name);
    const another = await rig().assign("44444444-4444-4444-8444-444444444444", vaultId, secretsUser, name);

    assert.deepEqual(refusal(changed), [400, "RoleAssignmentUpdateNotPermitted"]);
    assert.deepEqual(refusal(elsewhere), [400, "RoleAssignmentUpdateNotPermitted"]);
    assert.deepEqual(refusal(another), [400, "RoleAssignmentUpdateNotPermitted"]);
    assert.deepEqual(refusal(unknown), [404, "RoleDefinitionDoesNotExist"]);
    assert.deepEqual(refusal(named), [400, "InvalidRoleAssignmentId"]);
  });

  it("fail for a principal that Entra does not know, unless the caller gives its type", async () => {
    const put = (principalType?: string) =>
      rig().arm("PUT", `${vaultId}/providers/Microsoft.Authorization/roleAssignments/${name}`, {
        properties: { roleDefinitionId: secretsUser, principalId: name, ...(principalType && { principalType }) },
      });

    assert.deepEqual(refusal(await put()), [400, "PrincipalNotFound"]);
    assert.equal((await put("ServicePrincipal")).status, 201);
  });
});
