import assert from "node:assert/strict";
import { formatDrift, formatLineage } from "../../../cli/commands/lineage.ts";
import { drift, lineage } from "../../../diagnose/lineage.ts";
import { changed, healthy, print, seen, stack, unseen, valuesOf } from "../../diagnose/healthy.ts";

const before = healthy();
const compared = {
  ...before,
  keyVault: seen(valuesOf(before.keyVault).map((one) => ({ ...one, fingerprint: print(one.name) }))),
};

describe("formatLineage", () => {
  it("says that every step has the same value only if every step was read", () => {
    assert.match(formatLineage(lineage(compared, stack, "ghcr-token")), /\nevery step has the same value$/);
    const said = formatLineage(lineage(before, stack, "ghcr-token"));
    assert.doesNotMatch(said, /has the same value/);
    assert.match(said, /\nnot compared: Key Vault ameidekv\/ghcr-token: its value was not read$/);
  });
  it("ends with the command that delivers the value to the first step that differs", () => {
    const secrets = changed(compared.secrets, ({ name }) => name === "langfuse-secrets", {
      keys: { LANGFUSE_SECRET_KEY: print("edited by hand") },
    });
    assert.match(
      formatLineage(lineage({ ...compared, secrets }, stack, "langfuse-secret-key")),
      /\nfirst difference: Secret ameide-dev\/langfuse-secrets LANGFUSE_SECRET_KEY\n {2}fix: ameide-secrets resync --stack dev --yes$/,
    );
  });
});

describe("formatDrift", () => {
  it("says that no secret differs only if every secret was compared", () => {
    assert.equal(formatDrift(drift(compared, stack), "dev"), "no secret differs");
    const blind = { ...compared, keyVault: unseen("forbidden", "no right to get secrets") };
    const said = formatDrift(drift(blind, stack), "dev");
    assert.match(
      said,
      /^no secret is known to differ, but \d+ could not be compared: .*\n {2}Key Vault: no right to get secrets\n/,
    );
    assert.match(said, /\n {2}fix: ameide-secrets doctor --prove --stack dev$/);
  });
});
