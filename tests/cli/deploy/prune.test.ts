import assert from "node:assert/strict";
import { retiredNames } from "../../../cli/deploy/prune.ts";
import { catalogueOf } from "../../support/catalogues.ts";

const catalogue = catalogueOf({
  secrets: { "ghcr-token": { authority: "external", env: "GHCR_TOKEN", owner: "platform" } },
  retired: {
    "env-*": { since: "2025-12-05", use: "*" },
    "azure-auth": { since: "2025-12-05" },
  },
});

describe("retiredNames", () => {
  it("gives the forms in which a retired name may lie somewhere: as it is, and with Key Vault's prefix", () => {
    assert.deepEqual(retiredNames(catalogue, "AZURE_AUTH", undefined), ["azure-auth", "env-azure-auth"]);
    assert.deepEqual(retiredNames(catalogue, "azure-auth", "kv-"), ["azure-auth", "kv-azure-auth"]);
  });

  it("gives one form where there is no prefix", () =>
    assert.deepEqual(retiredNames(catalogue, "azure-auth", ""), ["azure-auth"]));

  it("takes a name that a retired pattern covers", () =>
    assert.deepEqual(retiredNames(catalogue, "env-ghcr-token", ""), ["env-ghcr-token"]));

  it("fails on a name that is in use, and on one that nobody knows: only the catalogue retires", () => {
    for (const name of ["ghcr-token", "nobody-knows"]) {
      assert.throws(() => retiredNames(catalogue, name, ""), { name: "UserError", code: "prune-not-retired" });
    }
  });
});
