import assert from "node:assert/strict";
import * as fc from "fast-check";
import { effectivePrefix, isKeyVaultName, normalise, sanitise } from "../../domain/names.ts";
import { keyVaultName } from "../../domain/plan/plan-chain.ts";

describe("sanitise", () => {
  it("makes the seed's name of the seed's variable", () => assert.equal(sanitise("GHCR_TOKEN"), "ghcr-token"));
  it("turns dots into hyphens too", () => assert.equal(sanitise("A.B_C-D"), "a-b-c-d"));
  it("changes nothing the second time", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(sanitise(sanitise(text)), sanitise(text))));
  });
});

describe("normalise", () => {
  it("makes one of every spelling, and leaves the parts of a path apart", () => {
    assert.equal(normalise("GitLab/Tokens_dev.x"), "gitlab/tokens-dev-x");
  });
});

describe("effectivePrefix", () => {
  it("is env- where the prefix is not set", () => assert.equal(effectivePrefix(undefined), "env-"));
  it("is nothing where it is set to nothing: incident P5 turned that back into env-", () => {
    assert.equal(effectivePrefix(""), "");
  });
  it("is what it is set to", () => assert.equal(effectivePrefix("ci-"), "ci-"));
});

describe("keyVaultName", () => {
  it("puts env- before the name where the prefix is not set", () => {
    assert.equal(keyVaultName("ghcr-token", undefined), "env-ghcr-token");
  });
  it("leaves the name alone where the prefix is empty", () =>
    assert.equal(keyVaultName("ghcr-token", ""), "ghcr-token"));
  it("puts a prefix of its own before the name", () => assert.equal(keyVaultName("a", "ci-"), "ci-a"));
  it("counts the prefix in the 127 characters", () => {
    assert.equal(keyVaultName("a".repeat(123), undefined).length, 127);
    assert.throws(() => keyVaultName("a".repeat(124), undefined), /128 characters, prefix included/);
    assert.equal(keyVaultName("a".repeat(124), "").length, 124);
  });
  it("fails for no name, even with a prefix", () => assert.throws(() => keyVaultName("", "env-"), /cannot name/));
  it("fails for a character that Key Vault refuses, quoting the name", () => {
    assert.throws(() => keyVaultName("a/b", ""), /"a\/b"/);
  });
  it("lets pass exactly what Key Vault takes", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 130 }), fc.constantFrom("", "env-"), (name, prefix) => {
        const taken = name !== "" && /^[0-9a-z-]{1,127}$/.test(prefix + name);
        if (taken) assert.equal(keyVaultName(name, prefix), prefix + name);
        else assert.throws(() => keyVaultName(name, prefix));
      }),
    );
  });
});

describe("isKeyVaultName", () => {
  it("fails a line break at the end", () => assert.equal(isKeyVaultName("a\n"), false));
});
