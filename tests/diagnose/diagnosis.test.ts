import assert from "node:assert/strict";
import { isWhole } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { healthy, stack, unseen } from "./healthy.ts";

describe("isWhole", () => {
  it("is true of an environment that was seen whole and has nothing broken", () =>
    assert.equal(isWhole(explain(healthy(), stack)), true));
  it("is false where a stage could not be seen, though no cause is an error", () => {
    const before = healthy();
    const blind = explain({ ...before, vault: { ...before.vault, secrets: unseen("forbidden") } }, stack);
    assert.deepEqual(
      blind.causes.map(({ severity }) => severity),
      ["warning"],
    );
    assert.equal(isWhole(blind), false);
  });
});
