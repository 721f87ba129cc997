import assert from "node:assert/strict";
import type { SecretClientOptions } from "@azure/keyvault-secrets";
import { KeyVaultWriter } from "../../../cli/access/key-vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { operatorCredential } from "../../../stand-ins/azure/operator-credential.ts";
import { AzureRig } from "../../stand-ins/azure/rig.ts";

type HttpClient = NonNullable<SecretClientOptions["httpClient"]>;

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

  it("sets a soft-deleted name without --overwrite, as a rotation does", async () => {
    await writer().set("deleted", new Redacted("old"), { recover: false });
    await writer().remove("deleted");
    await writer().set("deleted", new Redacted("new"), { recover: false });
    assert.equal((await rig.operatorClient().getSecret("deleted")).value, "new");
  });

  it("fails for a caller without a role, naming the role that is needed", async () => {
    const { clientId } = await rig.makeIdentity();
    await rig.federate();
    const credential = await rig.workloadCredential(clientId);
    const stranger = new KeyVaultWriter({ uri: `${rig.azure.origin}/`, credential, options });
    await assert.rejects(stranger.set("a-name", new Redacted("value"), { recover: false }), forbidden);
    await assert.rejects(stranger.former("a-name"), forbidden);
  });

  it("restores the previous value, and keeps it when run again, so that an interrupted rollback can be repeated", async () => {
    for (const value of ["good", "bad"]) await writer().set("rotated", new Redacted(value), { recover: false });
    const back = await writer().former("rotated");
    assert.deepEqual([back.value.reveal(), back.isRestored], ["good", false]);
    await writer().set("rotated", back.value, { recover: false, restores: back });
    const again = await writer().former("rotated");
    assert.deepEqual([again.value.reveal(), again.version, again.isRestored], ["good", back.version, true]);
    await writer().set("rotated", new Redacted("newer"), { recover: false });
    assert.equal((await writer().former("rotated")).value.reveal(), "good");
  });

  it("skips a version that somebody disabled, and restores the one before it", async () => {
    for (const value of ["good", "bad"]) await writer().set("stopped", new Redacted(value), { recover: false });
    const { properties } = await rig.operatorClient().getSecret("stopped");
    await rig.operatorClient().updateSecretProperties("stopped", properties.version ?? "", { enabled: false });
    assert.equal((await writer().former("stopped")).value.reveal(), "good");
  });

  it("returns the current value, whoever wrote it, and fails with a message if there is none", async () => {
    await rig.operatorClient().setSecret("by-its-owner", "theirs");
    assert.equal((await writer().current("by-its-owner")).reveal(), "theirs");
    await assert.rejects(writer().current("never-was"), { name: "UserError", code: "rotation-no-source" });
  });

  it("gives each value that it writes a content type and the company's tags, as Azure Policy may require", async () => {
    const tags = { owner: "platform" };
    const company = new KeyVaultWriter({
      uri: `${rig.azure.origin}/`,
      credential: operatorCredential(rig.dir),
      options,
      tags,
    });
    await company.set("tagged", new Redacted("value"), { recover: false });
    const { properties } = await rig.operatorClient().getSecret("tagged");
    assert.equal(properties.contentType, "text/plain");
    assert.deepEqual(properties.tags, { "managed-by": "ameide-secrets", owner: "platform" });
  });

  it("names the network rules if they refuse this machine, and no role, since a role would change nothing", async () => {
    const message =
      "Client address is not authorized and caller is not a trusted service. Client address: 20.9.9.9 Caller: appid=a";
    const answer = { error: { code: "Forbidden", message, innererror: { code: "ForbiddenByFirewall" } } };
    const httpClient: HttpClient = {
      sendRequest: (request) =>
        Promise.resolve({ request, status: 403, headers: request.headers, bodyAsText: JSON.stringify(answer) }),
    };
    const outside = new KeyVaultWriter({
      uri: `${rig.azure.origin}/`,
      credential: operatorCredential(rig.dir),
      options: { ...options, httpClient },
    });
    await assert.rejects(outside.current("any"), {
      code: "key-vault-network",
      message: /20\.9\.9\.9[^]*azure\.network\.addresses/,
    });
  });

  it("fails with a message for the previous value of a name that never existed", async () => {
    await assert.rejects(writer().former("never-was"), { name: "UserError", code: "rotation-no-former" });
  });
});
