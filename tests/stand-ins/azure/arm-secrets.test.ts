import assert from "node:assert/strict";
import { vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("vaultSecretRoutes", () => {
  const { rig } = useAzureRig();
  const secretId = `${vaultId}/secrets/env-ghcr-token`;

  it("never contain their value in an answer", async () => {
    const made = await rig().arm("PUT", secretId, {
      properties: { value: "value-of-token" },
      tags: { from: "dotenv" },
    });
    const read = await rig().arm("GET", secretId);
    const listed = await rig().arm("GET", `${vaultId}/secrets`);

    assert.equal(made.status, 201);
    assert.deepEqual(read.body, made.body);
    assert.deepEqual(listed.body.value, [made.body]);
    assert.doesNotMatch(JSON.stringify([made, read, listed]), /value-of-token/);
    assert.equal(read.body.properties.secretUri, `${rig().azure.origin}/secrets/env-ghcr-token`);
  });

  it("get a new version for another value, and none for equal properties", async () => {
    const put = async (value: string, more = {}) => {
      const { body } = await rig().arm("PUT", secretId, { properties: { value, ...more } });
      return body.properties.secretUriWithVersion;
    };
    const first = await put("value-one");

    assert.equal(await put("value-one"), first);
    assert.equal(await put("value-one", { attributes: { enabled: true } }), first);
    assert.notEqual(await put("value-two"), first);
    assert.notEqual(await put("value-two", { contentType: "text/plain" }), await put("value-two"));
  });

  it("fail while the name is soft-deleted", async () => {
    await rig().arm("PUT", secretId, { properties: { value: "value-one" } });
    const deletion = await rig().operatorClient().beginDeleteSecret("env-ghcr-token", { intervalInMs: 1 });
    await deletion.pollUntilDone();

    const again = await rig().arm("PUT", secretId, { properties: { value: "value-two" } });

    assert.equal(again.status, 409);
    assert.equal(again.body.error.innererror.code, "ObjectIsDeletedButRecoverable");
  });

  it("fail for a name or value that Key Vault does not accept, without quoting the value", async () => {
    const named = await rig().arm("PUT", `${vaultId}/secrets/a_b`, { properties: { value: "value-one" } });
    const large = await rig().arm("PUT", secretId, { properties: { value: "x".repeat(25_601) } });

    assert.deepEqual([named.status, large.status], [400, 400]);
    assert.match(large.body.error.message, /properties\.value: the value is longer than 25600 bytes/);
    assert.doesNotMatch(large.body.error.message, /xxx/);
  });
});
