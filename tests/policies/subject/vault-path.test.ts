import assert from "node:assert/strict";
import { resolveVaultPath, vaultPath } from "../../../policies/subject/vault-path.ts";

describe("resolveVaultPath", () => {
  for (const [path, resolved] of [
    ["secret/data/a", "secret/data/a"],
    ["/secret//data/./a/", "secret/data/a"],
    ["sys/../secret/data/a", "secret/data/a"],
    ["../../v1/secret/data/a", "secret/data/a"],
    ["sys/%2E%2e%2Fsecret/data/a", "secret/data/a"],
    ["sys/%25252e%25252e/secret/data/a", "secret/data/a"],
    ["secret/data/%ff", "secret/data/%ff"],
    ["", ""],
  ] as const) {
    it(`reads "${path}" as "${resolved}"`, () => assert.equal(resolveVaultPath(path), resolved));
  }
});

describe("vaultPath", () => {
  it("leaves out the mount of KV version 2, in any spelling", () =>
    assert.deepEqual(["secret/a/b", "/secret/data/a/b", "sys/../secret/metadata/a/b", "a//b"].map(vaultPath), [
      "a/b",
      "a/b",
      "a/b",
      "a/b",
    ]));
});
