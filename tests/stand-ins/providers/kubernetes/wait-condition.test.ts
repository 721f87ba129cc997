import assert from "node:assert/strict";
import { parseWaitFor } from "../../../../stand-ins/providers/kubernetes/wait-condition.ts";

const ready = (status: string, more = {}) => ({
  metadata: { generation: 2 },
  status: { phase: "Up", conditions: [{ type: "Ready", status, ...more }] },
});

describe("parseWaitFor", () => {
  it("holds when the condition is true, whatever its case", () => {
    assert.equal(parseWaitFor("condition=ready")(ready("True")), undefined);
  });

  it("says why the condition is not true, in the object's own words", () => {
    const live = ready("False", { reason: "SecretSyncedError", message: "could not get secret data" });
    assert.equal(
      parseWaitFor("condition=Ready")(live),
      "condition Ready is False, not True: SecretSyncedError: could not get secret data",
    );
    assert.equal(parseWaitFor("condition=Synced")(live), "condition Synced is not set");
  });

  it("takes another status to wait for", () => {
    assert.equal(parseWaitFor("condition=Ready=False")(ready("False")), undefined);
  });

  it("does not take a condition of an older generation for true", () => {
    assert.equal(
      parseWaitFor("condition=Ready")(ready("True", { observedGeneration: 1 })),
      "condition Ready is of generation 1, not 2",
    );
    assert.equal(parseWaitFor("condition=Ready")(ready("True", { observedGeneration: 2 })), undefined);
  });

  it("compares a path, with or without a value", () => {
    assert.equal(parseWaitFor("jsonpath={.status.phase}=Up")(ready("True")), undefined);
    assert.equal(parseWaitFor("jsonpath={.status.conditions[0].type}=Ready")(ready("True")), undefined);
    assert.equal(parseWaitFor("jsonpath={.status.phase}")(ready("True")), undefined);
    assert.equal(parseWaitFor("jsonpath='{.status.ip}'")(ready("True")), ".status.ip is not set");
    assert.equal(parseWaitFor("jsonpath={.status.phase}=Down")(ready("True")), ".status.phase is not Down");
  });

  it("wants all of a list", () => {
    const condition = parseWaitFor('["condition=Ready", "jsonpath={.status.phase}=Down"]');
    assert.equal(condition(ready("False")), "condition Ready is False, not True; .status.phase is not Down");
    assert.equal(condition(ready("True")), ".status.phase is not Down");
  });

  for (const text of ["Ready", "", "condition=", "jsonpath=", "[]", "[1]", '["condition=Ready"']) {
    it(`fails on ${JSON.stringify(text)}, with what it understands`, () => {
      assert.throws(() => parseWaitFor(text), /pulumi\.com\/waitFor is .*\n {2}fix: use condition=TYPE/);
    });
  }
});
