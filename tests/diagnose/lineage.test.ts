import assert from "node:assert/strict";
import { drift, lineage } from "../../diagnose/lineage.ts";
import { changed, healthy, print, seen, stack, unseen, valuesOf, without } from "./healthy.ts";

/** Key Vault's values as they were read. */
function compared() {
  const snapshot = healthy();
  const keyVault = seen(
    valuesOf(snapshot.keyVault).map((one) => ({ ...one, version: "a1", fingerprint: print(one.name) })),
  );
  return { ...snapshot, keyVault };
}

describe("lineage", () => {
  it("follows a secret through every step, each equal to the one before", () => {
    const { hops, firstDifference } = lineage(compared(), stack, "ghcr-token");
    assert.deepEqual(
      hops.map(({ place, sameAsBefore }) => [place, sameAsBefore]),
      [
        ["Key Vault ameidekv/ghcr-token", undefined],
        ["Vault secret/ghcr-token", true],
        ["Secret ameide-dev/ghcr-pull password", true],
        ["Secret argocd/ghcr-pull password", true],
      ],
    );
    assert.equal(firstDifference, undefined);
  });
  it("begins with .env if its values were given", () => {
    const dotenv = seen([{ keyVaultName: "ghcr-token", fingerprint: print("newer") }]);
    const { hops, firstDifference } = lineage({ ...compared(), dotenv }, stack, "ghcr-token");
    assert.equal(hops[0]?.place, ".env GHCR_TOKEN");
    assert.equal(firstDifference, "Key Vault ameidekv/ghcr-token");
  });
  it("names the writer of each step, as far as known, and the time to the second", () => {
    const before = compared();
    const keyVault = seen(
      valuesOf(before.keyVault).map((one) => ({
        ...one,
        managedBy: "ameide-secrets",
        createdAt: "2026-01-01T00:00:00.000Z",
      })),
    );
    const [first] = lineage({ ...before, keyVault }, stack, "ghcr-token").hops;
    assert.deepEqual([first?.writer, first?.changedAt], ["ameide-secrets", "2026-01-01T00:00:00Z"]);
    const { hops } = lineage(before, stack, "ghcr-token");
    assert.ok(hops.every(({ writer, changedAt }) => writer !== undefined && changedAt !== undefined));
  });
  it("names the first step that differs, and its writer", () => {
    const before = compared();
    const secrets = changed(before.vault.secrets, ({ path }) => path === "ghcr-token", {
      fingerprint: print("other"),
      version: 7,
      customMetadata: {},
    });
    const { hops, firstDifference } = lineage({ ...before, vault: { ...before.vault, secrets } }, stack, "ghcr-token");
    assert.equal(firstDifference, "Vault secret/ghcr-token");
    assert.deepEqual(hops.find(({ stage }) => stage === "vault")?.writer, "another writer, no metadata");
  });
  it("does not treat a version as ours that another writer wrote over our metadata", () => {
    const before = compared();
    const writer = (vaultVersion: string) => {
      const customMetadata = { "managed-by": "ameide-secrets/vault-bootstrap", "vault-version": vaultVersion };
      const change = { version: 7, customMetadata };
      const secrets = changed(before.vault.secrets, ({ path }) => path === "ghcr-token", change);
      const { hops } = lineage({ ...before, vault: { ...before.vault, secrets } }, stack, "ghcr-token");
      return hops.find(({ stage }) => stage === "vault")?.writer;
    };
    assert.equal(writer("7"), "ameide-secrets/vault-bootstrap");
    assert.equal(writer("6"), "another writer, after version 6 of ameide-secrets/vault-bootstrap");
  });
  it("treats an empty step as different, with the command that delivers the value", () => {
    const before = compared();
    const secrets = changed(before.vault.secrets, ({ path }) => path === "ghcr-token", { state: "absent", version: 0 });
    const { firstDifference, fix } = lineage({ ...before, vault: { ...before.vault, secrets } }, stack, "ghcr-token");
    assert.equal(firstDifference, "Vault secret/ghcr-token");
    assert.equal(fix, "ameide-secrets bootstrap run --stack dev --yes && ameide-secrets resync --stack dev --yes");
  });
  it("treats nothing as different if no earlier step has a value", () => {
    const before = compared();
    const keyVault = without(before.keyVault, ({ name }) => name === "openai-api-key");
    assert.equal(lineage({ ...before, keyVault }, stack, "openai-api-key").firstDifference, undefined);
  });
  it("compares across a step that could not be read, and reports that", () => {
    const before = compared();
    const hidden = { ...before, vault: { ...before.vault, secrets: unseen("forbidden", "permission denied") } };
    const { hops, unproven } = lineage(hidden, stack, "ghcr-token");
    assert.deepEqual(hops.find(({ stage }) => stage === "vault")?.state, "unknown");
    assert.equal(hops.at(-1)?.sameAsBefore, true);
    assert.deepEqual(unproven, ["Vault secret/ghcr-token: permission denied"]);
  });
  it("fails for a name that is not in the catalogue, with the nearest one", () =>
    assert.throws(() => lineage(compared(), stack, "ghcr-tokn"), /did you mean ghcr-token/));
});

describe("drift", () => {
  it("is empty if every step agrees", () => assert.deepEqual(drift(compared(), stack), []));
  it("lists what could not be compared, instead of treating it as equal", () => {
    const before = compared();
    const unread = ({ name }: { readonly name: string }) => name === "ghcr-token";
    const keyVault = seen([
      ...valuesOf(without(before.keyVault, unread)),
      ...valuesOf(healthy().keyVault).filter(unread),
    ]);
    assert.deepEqual(
      drift({ ...before, keyVault }, stack).map(({ name, unproven }) => [name, unproven]),
      [["ghcr-token", ["Key Vault ameidekv/ghcr-token: its value was not read"]]],
    );
  });
  it("lists only the secrets that differ", () => {
    const before = compared();
    const secrets = changed(before.secrets, ({ name }) => name === "langfuse-secrets", {
      keys: { LANGFUSE_SECRET_KEY: print("edited by hand") },
    });
    assert.deepEqual(
      drift({ ...before, secrets }, stack).map(({ name, firstDifference }) => [name, firstDifference]),
      [["langfuse-secret-key", "Secret ameide-dev/langfuse-secrets LANGFUSE_SECRET_KEY"]],
    );
  });
});
