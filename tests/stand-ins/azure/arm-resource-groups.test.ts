import assert from "node:assert/strict";
import { group, identityId, refusal, subscription, vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("resourceGroupRoutes", () => {
  const { rig } = useAzureRig();

  it("are created, changed, read, listed and deleted with their content, a vault into soft delete", async () => {
    const changed = await rig().arm("PUT", group, { location: "West Europe", tags: { owner: "platform" } });
    assert.deepEqual(changed, {
      status: 200,
      body: {
        id: group,
        name: "Ameide",
        location: "westeurope",
        tags: { owner: "platform" },
        type: "Microsoft.Resources/resourceGroups",
        properties: { provisioningState: "Succeeded" },
      },
    });
    const listed = await rig().arm("GET", `${subscription}/resourceGroups`);
    assert.deepEqual(listed.body.value, [changed.body]);

    await rig().makeIdentity();
    assert.equal((await rig().arm("DELETE", group)).status, 200);

    assert.deepEqual(refusal(await rig().arm("GET", group)), [404, "ResourceGroupNotFound"]);
    await rig().arm("PUT", group, { location: "westeurope" });
    assert.deepEqual(refusal(await rig().arm("GET", identityId)), [404, "ResourceNotFound"]);
    assert.deepEqual(refusal(await rig().arm("PUT", vaultId, rig().vaultBody())), [409, "ConflictError"]);
  });

  it("fail to move to another location", async () => {
    const moved = await rig().arm("PUT", group, { location: "northeurope" });

    assert.deepEqual(refusal(moved), [409, "InvalidResourceGroupLocation"]);
  });
});
