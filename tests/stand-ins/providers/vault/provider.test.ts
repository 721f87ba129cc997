import assert from "node:assert/strict";
import type { LiveConfig } from "../../../../stand-ins/providers/config.ts";
import { MadeJournal } from "../../../../stand-ins/providers/made-journal.ts";
import { vaultProvider } from "../../../../stand-ins/providers/vault/provider.ts";

const live: LiveConfig = {
  mode: "live",
  kubeconfigPath: "/none",
  vaultAddress: "http://127.0.0.1:1",
  azure: { endpoint: "https://127.0.0.1:1", caPem: "", operatorToken: "" },
};

describe("vaultProvider", () => {
  const configured = (options: Record<string, string>, config = live) =>
    vaultProvider(config, MadeJournal.open(undefined)).configure(options);

  it("fails without a token", async () => {
    await assert.rejects(configured({}), /no vault token set on Client/);
  });

  it("fails where the program means another Vault, naming both", async () => {
    const asked = configured({ address: "https://vault.example.com", token: "canary-token" });
    await assert.rejects(asked, (error: Error) => {
      assert.match(error.message, /serves http:\/\/127\.0\.0\.1:1, the program asks for https:\/\/vault\.example\.com/);
      assert.equal(error.message.includes("canary-token"), false);
      return true;
    });
  });

  it("fails where Vault does not answer, naming its address", async () => {
    const asked = configured({ address: "http://127.0.0.1:1/", token: "canary-token" });
    await assert.rejects(asked, /failed to lookup token, err=http:\/\/127\.0\.0\.1:1 cannot be reached/);
  });
});
