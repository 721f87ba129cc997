import assert from "node:assert/strict";
import { pushDecision, type HeldSecret } from "../../../domain/plan/key-vault-push.ts";

const held = (version: string, equalsValueHere: boolean): HeldSecret => ({ state: "held", version, equalsValueHere });

describe("pushDecision", () => {
  it("writes what the vault does not have, after recovering what is soft-deleted", () => {
    assert.deepEqual(pushDecision("a", { state: "absent" }, undefined), { name: "a", verdict: "new", writes: true });
    assert.deepEqual(pushDecision("a", { state: "deleted" }, "v1"), { name: "a", verdict: "recovered", writes: true });
  });

  it("writes nothing if both values are equal, whoever wrote it, even with --overwrite", () => {
    for (const lastPushed of [undefined, "v1", "v2"]) {
      for (const overwrite of [false, true]) {
        assert.deepEqual(pushDecision("a", held("v2", true), lastPushed, { overwrite }), {
          name: "a",
          verdict: "same",
          writes: false,
        });
      }
    }
  });

  it("writes a changed value over the version that this workstation pushed last", () => {
    assert.deepEqual(pushDecision("a", held("v1", false), "v1"), { name: "a", verdict: "changed", writes: true });
  });

  it("reports a conflict for a version that somebody else wrote, or that is not recorded here", () => {
    for (const lastPushed of ["v1", undefined]) {
      assert.deepEqual(pushDecision("a", held("v2", false), lastPushed), {
        name: "a",
        verdict: "conflict",
        writes: false,
      });
    }
  });

  it("overwrites somebody else's version if the user names it", () => {
    assert.deepEqual(pushDecision("a", held("v2", false), "v1", { overwrite: true }), {
      name: "a",
      verdict: "changed",
      writes: true,
    });
  });
});
