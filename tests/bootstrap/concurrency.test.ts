import assert from "node:assert/strict";
import { mapBounded } from "../../bootstrap/concurrency.ts";

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe("mapBounded", () => {
  it("keeps the order, and never more than the limit under way", async () => {
    let underWay = 0;
    let most = 0;
    const doubled = await mapBounded([1, 2, 3, 4, 5, 6, 7], 3, async (one) => {
      most = Math.max(most, ++underWay);
      await soon();
      underWay--;
      return one * 2;
    });
    assert.deepEqual(doubled, [2, 4, 6, 8, 10, 12, 14]);
    assert.equal(most, 3);
  });

  it("fails with the first error, begins nothing more, and ends what is in hand", async () => {
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

  it("gives nothing for nothing", async () => {
    assert.deepEqual(await mapBounded([], 4, () => Promise.resolve(1)), []);
  });
});
