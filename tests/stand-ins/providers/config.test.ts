import assert from "node:assert/strict";
import { isLoopback } from "../../../domain/vault-target.ts";
import { parseProvidersConfig } from "../../../stand-ins/providers/config.ts";

const live = {
  mode: "live",
  vault: { address: "http://127.0.0.1:28200" },
  azure: { endpoint: "https://127.0.0.1:28208", caPem: "pem", operatorToken: "token" },
};

describe("parseProvidersConfig", () => {
  it("accepts an environment on this machine, or none", () => {
    assert.deepEqual(parseProvidersConfig(JSON.stringify(live)), live);
    assert.deepEqual(parseProvidersConfig('{"mode":"offline"}'), { mode: "offline" });
  });

  it("fails on an address that is not on this machine, naming the key", () => {
    const remote = { ...live, vault: { address: "https://vault.example.com" } };
    assert.throws(() => parseProvidersConfig(JSON.stringify(remote)), /vault\.address: use an address of this machine/);
  });

  it("fails on a missing key, naming it", () => {
    const { azure: _, ...incomplete } = live;
    assert.throws(() => parseProvidersConfig(JSON.stringify(incomplete)), /azure/);
  });
});

describe("isLoopback", () => {
  it("is true for this machine's names only", () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) assert.equal(isLoopback(`https://${host}:1`), true);
    for (const host of ["127.0.0.1.example.com", "10.0.0.1", "0.0.0.0"])
      assert.equal(isLoopback(`http://${host}`), false);
  });
});
