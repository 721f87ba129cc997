import assert from "node:assert/strict";
import fc from "fast-check";
import { RateWindow } from "../../../stand-ins/azure/rate-window.ts";

describe("RateWindow", () => {
  it("allows no more than the limit in any window, and refuses nothing within it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(40), { maxLength: 60 }), (limit, gaps) => {
        const window = new RateWindow(limit, 100);
        const passed: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const inWindow = passed.filter((one) => one > now - 100);
          const wait = window.take(now);
          assert.equal(wait === 0, inWindow.length < limit);
          if (wait === 0) passed.push(now);
          else assert.equal(now + wait, (inWindow.at(-limit) ?? 0) + 100);
        }
      }),
    );
  });
});
