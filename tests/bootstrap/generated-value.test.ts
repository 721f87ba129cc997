import assert from "node:assert/strict";
import { generatedValue } from "../../bootstrap/phases/write.ts";

describe("generatedValue", () => {
  it("has the requested length, consists of letters and digits, and differs each time", () => {
    assert.match(generatedValue(32).reveal(), /^[A-Za-z0-9]{32}$/);
    assert.match(generatedValue().reveal(), /^[A-Za-z0-9]{48}$/);
    assert.equal(new Set(Array.from({ length: 200 }, () => generatedValue(16).reveal())).size, 200);
  });

  it("cannot be printed by accident", () => {
    assert.equal(JSON.stringify({ value: generatedValue() }), '{"value":"[redacted]"}');
  });
});
