import assert from "node:assert/strict";
import { CreationJournal } from "../../../../stand-ins/providers/creation-journal.ts";
import { emptyCall } from "../provider-client.ts";
import { vaultProvider } from "../../../../stand-ins/providers/vault/provider.ts";

describe("vaultProvider", () => {
  function configured(options: Record<string, string>) {
    const provider = vaultProvider({ address: "http://127.0.0.1:1" }, new CreationJournal(undefined));
    provider.configure(options);
    return provider;
  }

  const policy = { ...emptyCall, urn: "urn:a", type: "vault:index/policy:Policy", name: "a" };
  const inputs = { name: "a", policy: "" };

  it("plans creations without asking Vault, and fails with the first one", async () => {
    const provider = configured({ address: "http://127.0.0.1:1/", token: "canary-token" });
    assert.equal((await provider.create({ ...policy, inputs, preview: true })).outputs["name"], "a");
    await assert.rejects(
      provider.create({ ...policy, inputs }),
      /failed to lookup token, err=127\.0\.0\.1:1: connect ECONNREFUSED/,
    );
  });

  it("fails without a token, with the first call for a resource", async () => {
    const provider = configured({});
    await assert.rejects(provider.read({ ...policy, id: "a" }), /no vault token set on Client/);
  });

  it("fails if the program uses another Vault, naming both", () => {
    const asked = () => configured({ address: "https://vault.example.com", token: "canary-token" });
    assert.throws(asked, (error: Error) => {
      assert.match(error.message, /serves http:\/\/127\.0\.0\.1:1, the program asks for https:\/\/vault\.example\.com/);
      assert.equal(error.message.includes("canary-token"), false);
      return true;
    });
  });
});
