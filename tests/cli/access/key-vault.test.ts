import assert from "node:assert/strict";
import { KeyVaultWriter } from "../../../cli/access/key-vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { operatorCredential } from "../../../local/azure/operator.ts";
import { AzureRig } from "../../local/azure/rig.ts";

describe("KeyVaultWriter", function () {
  this.timeout(60_000);
  let rig: AzureRig;
  before(async () => {
    rig = await AzureRig.start();
    await rig.makeVault();
  });
  after(() => rig.stop());

  const options = { disableChallengeResourceVerification: true };
  const writer = () =>
    new KeyVaultWriter({ uri: `${rig.azure.origin}/`, credential: operatorCredential(rig.dir), options });
  const forbidden = { name: "UserError", code: "key-vault-forbidden", message: /"Key Vault Secrets Officer"/ };

  it("sets a name that lies in soft delete without being told so, as a rotation does", async () => {
    await writer().set("deleted", new Redacted("old"), { recover: false });
    await writer().remove("deleted");
    await writer().set("deleted", new Redacted("new"), { recover: false });
    assert.equal((await rig.operatorClient().getSecret("deleted")).value, "new");
  });

  it("fails at set and at former of who has no role there, naming the one that may", async () => {
    const { clientId } = await rig.makeIdentity();
    await rig.federate();
    const credential = await rig.workloadCredential(clientId);
    const stranger = new KeyVaultWriter({ uri: `${rig.azure.origin}/`, credential, options });
    await assert.rejects(stranger.set("a-name", new Redacted("value"), { recover: false }), forbidden);
    await assert.rejects(stranger.former("a-name"), forbidden);
  });

  it("fails at former of a name that never was, for people", async () => {
    await assert.rejects(writer().former("never-was"), { name: "UserError", code: "rotation-no-former" });
  });
});
