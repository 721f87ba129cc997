import assert from "node:assert/strict";
import { AzureClient } from "../../clients/azure.ts";
import { Redacted } from "../../domain/redacted.ts";
import { useAzureRig } from "../stand-ins/azure/use-azure-rig.ts";

describe("AzureClient", function () {
  this.timeout(30_000);
  const { rig } = useAzureRig();
  const open = () => {
    const { origin, caPem, operatorToken } = rig().azure;
    const token = () => Promise.resolve(new Redacted(operatorToken));
    return new AzureClient({ resourceManager: origin, keyVaultUri: origin, token, ca: caPem });
  };

  it("writes and reads a secret of the data plane", async () => {
    await open().keyVault("/secrets/a", "PUT", { value: "canary-value" });
    assert.equal((await open().keyVault<{ value: string }>("/secrets/a")).value, "canary-value");
  });

  it("fails with Azure's status, code and words", async () => {
    await assert.rejects(open().keyVault("/secrets/absent"), {
      name: "AzureRestError",
      status: 404,
      code: "SecretNotFound",
      call: "GET /secrets/absent",
    });
  });

  it("sends no token to another server, wherever a next link points", async () => {
    await assert.rejects(
      open().keyVault("https://elsewhere.example/secrets?api-version=7.5"),
      /another server: https:\/\/elsewhere/,
    );
    await assert.rejects(open().arm("https://elsewhere.example/subscriptions"), /another server/);
  });
});
