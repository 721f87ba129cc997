import assert from "node:assert/strict";
import { clusterOwnerOf } from "../../../domain/catalogue/lookup.ts";
import { readCatalogue } from "../../../environments/catalogue.ts";

const real = readCatalogue();

describe("clusterOwnerOf", () => {
  it("names the owner of a target by exact name before any pattern", () => {
    assert.deepEqual(clusterOwnerOf(real, "agents-db-secret"), {
      entry: "agents-db-secret",
      authority: "cnpg",
      by: "name",
    });
  });
  it("names the pattern if only a pattern matches", () => {
    assert.deepEqual(clusterOwnerOf(real, "new-db-secret"), { entry: "*-db-secret", authority: "cnpg", by: "pattern" });
  });
  it("names the entry of an alias", () => {
    assert.deepEqual(clusterOwnerOf(real, "REDIS_PASSWORD"), { entry: "redis-auth", authority: "redis", by: "name" });
  });
  it("is undefined for a target without an owner", () => assert.equal(clusterOwnerOf(real, "ghcr-pull"), undefined));
});
