import assert from "node:assert/strict";
import { CreationJournal } from "../../../../stand-ins/providers/creation-journal.ts";
import { vaultProvider } from "../../../../stand-ins/providers/vault/provider.ts";

describe("vaultProvider", () => {
  async function configured(options: Record<string, string>) {
    const provider = vaultProvider({ address: "http://127.0.0.1:1" }, CreationJournal.open(undefined));
    await provider.configure(options);
    return provider;
  }

  const policy = { urn: "urn:a", type: "vault:index/policy:Policy", name: "a" };
  const inputs = { name: "a", policy: "" };

  it("plans creations without asking Vault, and fails with the first one", async () => {
    const provider = await configured({ address: "http://127.0.0.1:1/", token: "canary-token" });
    assert.equal((await provider.create({ ...policy, inputs, preview: true })).outputs["name"], "a");
    await assert.rejects(
      provider.create({ ...policy, inputs, preview: false }),
      /failed to lookup token, err=127\.0\.0\.1:1: connect ECONNREFUSED/,
    );
  });

  it("fails without a token, with the first call for a resource", async () => {
    const provider = await configured({});
    await assert.rejects(
      provider.read({ ...policy, id: "a", oldInputs: undefined, oldOutputs: {} }),
      /no vault token set on Client/,
    );
  });

  it("fails where the program means another Vault, naming both", async () => {
    const asked = configured({ address: "https://vault.example.com", token: "canary-token" });
    await assert.rejects(asked, (error: Error) => {
      assert.match(error.message, /serves http:\/\/127\.0\.0\.1:1, the program asks for https:\/\/vault\.example\.com/);
      assert.equal(error.message.includes("canary-token"), false);
      return true;
    });
  });
});
