import assert from "node:assert/strict";
import * as fc from "fast-check";
import { effectivePrefix, isKeyVaultName, normalise, sanitise } from "../../domain/names.ts";
import { keyVaultName } from "../../domain/plan/plan-chain.ts";

describe("sanitise", () => {
  it("turns the variable of document 451 into its name", () => assert.equal(sanitise("GHCR_TOKEN"), "ghcr-token"));
  it("turns dots into hyphens too", () => assert.equal(sanitise("A.B_C-D"), "a-b-c-d"));
  it("changes nothing the second time", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(sanitise(sanitise(text)), sanitise(text))));
  });
});

describe("normalise", () => {
  it("maps every spelling to one, and keeps the parts of a path separate", () => {
    assert.equal(normalise("GitLab/Tokens_dev.x"), "gitlab/tokens-dev-x");
  });
});

describe("effectivePrefix", () => {
  it("is env- if the prefix is not set", () => assert.equal(effectivePrefix(undefined), "env-"));
  it("is empty if it is set to empty, which once became env- again", () => {
    assert.equal(effectivePrefix(""), "");
  });
  it("is the value that is set", () => assert.equal(effectivePrefix("ci-"), "ci-"));
});

describe("keyVaultName", () => {
  it("adds env- to the name if the prefix is not set", () => {
    assert.equal(keyVaultName("ghcr-token", undefined), "env-ghcr-token");
  });
  it("does not change the name if the prefix is empty", () =>
    assert.equal(keyVaultName("ghcr-token", ""), "ghcr-token"));
  it("adds a custom prefix to the name", () => assert.equal(keyVaultName("a", "ci-"), "ci-a"));
  it("counts the prefix in the 127 characters", () => {
    assert.equal(keyVaultName("a".repeat(123), undefined).length, 127);
    assert.throws(() => keyVaultName("a".repeat(124), undefined), /128 characters, prefix included/);
    assert.equal(keyVaultName("a".repeat(124), "").length, 124);
  });
  it("refuses an empty name, even with a prefix", () => assert.throws(() => keyVaultName("", "env-"), /cannot name/));
  it("fails for a character that Key Vault refuses, quoting the name", () => {
    assert.throws(() => keyVaultName("a/b", ""), /"a\/b"/);
  });
  it("accepts exactly what Key Vault accepts", () => {
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
  it("refuses a line break at the end", () => assert.equal(isKeyVaultName("a\n"), false));
});
