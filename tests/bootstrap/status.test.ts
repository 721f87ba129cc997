import assert from "node:assert/strict";
import type { Outcome } from "../../bootstrap/phases/write.ts";
import { secretsForStatus } from "../../bootstrap/status.ts";

function outcome(name: string, kind: Outcome["outcome"]): Outcome {
  return { secret: { name, authority: "external", path: name, required: false }, outcome: kind };
}

describe("secretsForStatus", () => {
  it("sorts what needs a look to the front, then by name", () => {
    const outcomes = [
      outcome("b", "unchanged"),
      outcome("a", "unchanged"),
      outcome("z", "failed"),
      outcome("k", "kept"),
    ];
    assert.deepEqual(
      secretsForStatus(outcomes).secrets.map(({ name }) => name),
      ["z", "k", "a", "b"],
    );
    assert.equal(secretsForStatus(outcomes).omitted, undefined);
  });

  it("leaves out unchanged ones, and counts them, where a ConfigMap would not hold all", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => outcome(`secret-number-${index}`, "unchanged"));
    const { secrets, omitted = 0 } = secretsForStatus([...many, outcome("broken", "failed")]);
    assert.equal(secrets[0]?.name, "broken");
    assert.equal(secrets.length + omitted, 20_001);
    assert.ok(Buffer.byteLength(JSON.stringify(secrets)) <= 900_001);
  });
});
