import assert from "node:assert/strict";
import { AzureRig, vaultId } from "./rig.ts";

describe("startAzure, from federation to value", () => {
  let rig: AzureRig;
  beforeEach(async () => {
    rig = await AzureRig.start();
    await rig.makeVault();
  });
  afterEach(() => rig.stop());

  it("lets a workload read what the operator set, by its projected token alone", async () => {
    const { clientId, principalId } = await rig.makeIdentity();
    await rig.federate();
    await rig.assign(principalId);
    await rig.operatorClient().setSecret("env-ghcr-token", "value-of-ghcr-token");

    const client = await rig.workloadClient(clientId);
    const { value } = await client.getSecret("env-ghcr-token");

    assert.equal(value, "value-of-ghcr-token");
  });
});
