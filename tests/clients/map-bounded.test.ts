import assert from "node:assert/strict";
import fc from "fast-check";
import { mapBounded } from "../../clients/pacing.ts";

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe("mapBounded", () => {
  it("keeps the order, and never runs more at a time than its limit", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        async (items, limit) => {
          let underWay = 0;
          let most = 0;
          const doubled = await mapBounded(items, limit, async (item) => {
            most = Math.max(most, ++underWay);
            await Promise.resolve();
            underWay--;
            return item * 2;
          });
          assert.deepEqual(
            doubled,
            items.map((item) => item * 2),
          );
          assert.equal(most, Math.min(limit, items.length));
        },
      ),
    ));

  it("fails with the first error, starts nothing more, and finishes what is in progress", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const running = mapBounded([1, 2, 3, 4, 5, 6], 2, async (one) => {
      begun.push(one);
      if (one === 1) throw new Error("one");
      await soon();
      ended.push(one);
    });
    await assert.rejects(running, /one/);
    assert.deepEqual(begun, [1, 2]);
    assert.deepEqual(ended, [2]);
  });
});
