import assert from "node:assert/strict";
import { defaultOperatorAddress } from "../../environments/vault-settings.ts";

describe("defaultOperatorAddress", () => {
  it("is a different port on this machine for each environment", () => {
    const addresses = (["dev", "staging", "prod"] as const).map((name) => defaultOperatorAddress(name, "http://vault"));
    assert.equal(new Set(addresses).size, addresses.length);
    for (const address of addresses) assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
