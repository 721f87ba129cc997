import assert from "node:assert/strict";
import { identityId, refusal } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("identityRoutes", () => {
  const { rig } = useAzureRig();

  it("keep their ids and credentials while they exist, and get new ones when they are created again", async () => {
    const first = await rig().makeIdentity();
    await rig().federate();
    assert.deepEqual(await rig().makeIdentity(), first);
    const listed = await rig().arm("GET", `${identityId}/federatedIdentityCredentials`);
    assert.equal(listed.body.value.length, 1);

    await rig().arm("DELETE", identityId);
    const second = await rig().makeIdentity();

    assert.notEqual(second.clientId, first.clientId);
    assert.notEqual(second.principalId, first.principalId);
  });

  it("fail outside a resource group that exists", async () => {
    const answer = await rig().arm("PUT", identityId.replace("/Ameide/", "/Nowhere/"), { location: "westeurope" });

    assert.deepEqual(refusal(answer), [404, "ResourceGroupNotFound"]);
  });
});
