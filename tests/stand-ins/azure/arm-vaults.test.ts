import assert from "node:assert/strict";
import { refusal, vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

const day = 86_400_000;

describe("vaultRoutes", () => {
  const { rig, clock } = useAzureRig();

  it("return the address of the data plane, and keep properties that they do not use", async () => {
    const networkAcls = { defaultAction: "Deny", bypass: "AzureServices" };
    const { status, body } = await rig().arm(
      "PUT",
      vaultId,
      rig().vaultBody({ enablePurgeProtection: true, networkAcls }),
    );

    assert.equal(status, 200);
    assert.deepEqual(body, {
      id: vaultId,
      name: "ameidekv",
      type: "Microsoft.KeyVault/vaults",
      location: "westeurope",
      tags: {},
      properties: {
        tenantId: rig().azure.tenantId,
        sku: { family: "A", name: "standard" },
        publicNetworkAccess: "Enabled",
        accessPolicies: [],
        networkAcls,
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enablePurgeProtection: true,
        vaultUri: `${rig().azure.origin}/`,
        provisioningState: "Succeeded",
      },
    });
    assert.deepEqual((await rig().arm("GET", vaultId.toUpperCase())).body, body);
    assert.deepEqual((await rig().arm("GET", vaultId.replace(/\/ameidekv$/, ""))).body, { value: [body] });
  });

  it("fail to lose purge protection or to change their retention", async () => {
    await rig().arm("PUT", vaultId, rig().vaultBody({ enablePurgeProtection: true }));

    const unsaid = await rig().arm("PUT", vaultId, rig().vaultBody());
    const unprotected = await rig().arm("PUT", vaultId, rig().vaultBody({ enablePurgeProtection: false }));
    const shortened = await rig().arm("PUT", vaultId, rig().vaultBody({ softDeleteRetentionInDays: 7 }));

    assert.equal(unsaid.body.properties.enablePurgeProtection, true);
    assert.match(unprotected.body.error.message, /"enablePurgeProtection" cannot be set to false/);
    assert.match(shortened.body.error.message, /"softDeleteRetentionInDays" has been set already/);
  });

  it("fail to be created again while the name is soft-deleted, and are recovered with createMode recover", async () => {
    const secret = { properties: { value: "value-one" } };
    await rig().arm("PUT", `${vaultId}/secrets/env-one`, secret);
    assert.equal((await rig().arm("DELETE", vaultId)).status, 200);

    const again = await rig().arm("PUT", vaultId, rig().vaultBody());
    assert.deepEqual(refusal(again), [409, "ConflictError"]);
    assert.match(again.body.error.message, /^A vault with the same name already exists in deleted state\./);

    const recovered = await rig().arm("PUT", vaultId, rig().vaultBody({ createMode: "recover" }));
    assert.equal(recovered.status, 201);
    assert.equal((await rig().operatorClient().getSecret("env-one")).value, "value-one");
  });

  it("lose their role assignments when they are deleted, as in Azure", async () => {
    const { principalId } = await rig().makeIdentity();
    await rig().assign(principalId);
    await rig().arm("DELETE", vaultId);
    await rig().arm("PUT", vaultId, rig().vaultBody({ createMode: "recover" }));

    const { body } = await rig().arm("GET", `${vaultId}/providers/Microsoft.Authorization/roleAssignments`);

    assert.deepEqual(body.value, []);
  });

  it("fail to recover what is not in soft delete", async () => {
    await rig().arm("DELETE", vaultId);
    clock.now += 91 * day;

    const recovered = await rig().arm("PUT", vaultId, rig().vaultBody({ createMode: "recover" }));

    assert.deepEqual(refusal(recovered), [404, "SoftDeletedVaultDoesNotExist"]);
    assert.equal((await rig().arm("PUT", vaultId, rig().vaultBody())).status, 201);
  });

  it("fail for an invalid name, another tenant, and a second vault", async () => {
    const at = (name: string) => vaultId.replace("ameidekv", name);
    const foreign = rig().vaultBody({ tenantId: "99999999-9999-4999-8999-999999999999" });

    assert.deepEqual(refusal(await rig().arm("PUT", at("ameide--kv"), rig().vaultBody())), [400, "VaultNameNotValid"]);
    assert.deepEqual(refusal(await rig().arm("PUT", vaultId, foreign)), [400, "BadRequest"]);
    assert.deepEqual(refusal(await rig().arm("PUT", at("otherkv"), rig().vaultBody())), [409, "StandInServesOneVault"]);
  });

  it("fail without RBAC and without access policies, the default of API versions before 2026-02-01", async () => {
    await rig().arm("DELETE", vaultId);

    const made = await rig().arm(
      "PUT",
      vaultId.replace("ameidekv", "otherkv"),
      rig().vaultBody({ enableRbacAuthorization: false }),
    );

    assert.equal(made.body.error.message, "The parameter accessPolicies is not specified.");
  });
});
