import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { isPlaceholderShape } from "../../domain/value-shapes.ts";

// which texts are placeholders and which are not: tests/domain/dotenv/values.test.ts
describe("isPlaceholderShape", () => {
  it("does not treat a generated value as a placeholder", () => {
    const generators = [
      () => randomBytes(16).toString("hex"),
      () => randomBytes(32).toString("base64"),
      () => randomBytes(24).toString("base64url"),
      () => randomUUID(),
      () => String(Number.parseInt(randomBytes(4).toString("hex"), 16)),
      () => `sk-proj-${randomBytes(24).toString("base64url")}`,
      () => `ghp_${randomBytes(18).toString("hex")}`,
      () => `postgres://app:${randomBytes(12).toString("base64url")}@db.internal:5432/app`,
    ];
    const wrong = generators.flatMap((generate) => Array.from({ length: 2000 }, generate).filter(isPlaceholderShape));
    assert.deepEqual(wrong, []);
  });

  it("needs time in proportion to the length of a value", () => {
    for (const piece of ["x", "*.", "a_", "your ", "<a", "@a.", "://", "__A", "[YOUR-", "A", " here"]) {
      const before = process.cpuUsage();
      isPlaceholderShape(`${piece.repeat(25_000 / piece.length)}!`);
      const spentInMs = process.cpuUsage(before).user / 1000;
      assert.ok(spentInMs < 500, `${spentInMs} ms for ${JSON.stringify(piece)}`);
    }
  });
});
