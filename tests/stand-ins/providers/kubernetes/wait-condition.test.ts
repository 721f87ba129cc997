import assert from "node:assert/strict";
import { parseWaitFor } from "../../../../stand-ins/providers/kubernetes/readiness.ts";

const ready = (status: string, more = {}) => ({
  metadata: { generation: 2 },
  status: { phase: "Up", conditions: [{ type: "Ready", status, ...more }] },
});

describe("parseWaitFor", () => {
  it("holds when the condition is true, whatever its case", () => {
    assert.equal(parseWaitFor("condition=ready")(ready("True")), true);
    assert.equal(parseWaitFor("condition=Ready")(ready("False")), false);
    assert.equal(parseWaitFor("condition=Synced")(ready("True")), false);
  });

  it("takes another status to wait for", () => {
    assert.equal(parseWaitFor("condition=Ready=False")(ready("False")), true);
  });

  it("does not take a condition of an older generation for true", () => {
    assert.equal(parseWaitFor("condition=Ready")(ready("True", { observedGeneration: 1 })), false);
    assert.equal(parseWaitFor("condition=Ready")(ready("True", { observedGeneration: 2 })), true);
  });

  it("compares a path, with or without a value", () => {
    assert.equal(parseWaitFor("jsonpath={.status.phase}=Up")(ready("True")), true);
    assert.equal(parseWaitFor("jsonpath={.status.conditions[0].type}=Ready")(ready("True")), true);
    assert.equal(parseWaitFor("jsonpath={.status.phase}")(ready("True")), true);
    assert.equal(parseWaitFor("jsonpath='{.status.ip}'")(ready("True")), false);
    assert.equal(parseWaitFor("jsonpath={.status.phase}=Down")(ready("True")), false);
  });

  it("wants all of a list", () => {
    const condition = parseWaitFor('["condition=Ready", "jsonpath={.status.phase}=Up"]');
    assert.deepEqual([condition(ready("False")), condition(ready("True"))], [false, true]);
  });

  for (const text of ["Ready", "", "condition=", "jsonpath=", "[]", "[1]", '["condition=Ready"']) {
    it(`fails on ${JSON.stringify(text)}, with what it understands`, () => {
      assert.throws(() => parseWaitFor(text), /pulumi\.com\/waitFor is .*\n {2}fix: use condition=TYPE/);
    });
  }
});
