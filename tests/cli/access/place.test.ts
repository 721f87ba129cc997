import assert from "node:assert/strict";
import { ownVaultToken } from "../../../cli/access/place.ts";

describe("ownVaultToken", () => {
  it("is the exported one, for a Vault that others use too", () =>
    assert.equal(ownVaultToken("prod", { VAULT_TOKEN: "t" })?.reveal(), "t"));
  it("is none in local, whatever is exported: it is another Vault's", () =>
    assert.equal(ownVaultToken("local", { VAULT_TOKEN: "t" }), undefined));
  it("is none where none is exported, or an empty one", () => {
    assert.equal(ownVaultToken("prod", {}), undefined);
    assert.equal(ownVaultToken("prod", { VAULT_TOKEN: "" }), undefined);
  });
});
