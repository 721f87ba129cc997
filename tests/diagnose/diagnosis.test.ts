import assert from "node:assert/strict";
import { isWhole } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { healthy, stack, unseen } from "./healthy.ts";

describe("isWhole", () => {
  it("is true if every stage was read and nothing is broken", () =>
    assert.equal(isWhole(explain(healthy(), stack)), true));
  it("is false if a stage could not be read, although no cause is an error", () => {
    const before = healthy();
    const blind = explain({ ...before, vault: { ...before.vault, secrets: unseen("forbidden") } }, stack);
    assert.deepEqual(
      blind.causes.map(({ severity }) => severity),
      ["warning"],
    );
    assert.equal(isWhole(blind), false);
  });
});
