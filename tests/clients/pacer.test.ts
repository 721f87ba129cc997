import assert from "node:assert/strict";
import fc from "fast-check";
import { Pacer } from "../../clients/pacing.ts";

describe("Pacer", () => {
  it("allows the full limit at once, and the next call only when the first is older than the window", async () => {
    let now = 0;
    const looked = Promise.withResolvers<void>();
    const pacer = new Pacer(3, 40, () => {
      if (now === 39) looked.resolve();
      return now;
    });
    const passed: number[] = [];
    const turns = [1, 2, 3, 4].map(async (turn) => {
      await pacer.turn();
      passed.push(turn);
    });
    await new Promise((resolve) => setImmediate(resolve));
    const atOnce = [...passed];
    now = 39;
    await looked.promise;
    await new Promise((resolve) => setImmediate(resolve));
    const beforeTheWindowIsOver = [...passed];
    now = 40;
    await Promise.all(turns);
    assert.deepEqual(atOnce, [1, 2, 3]);
    assert.deepEqual(beforeTheWindowIsOver, [1, 2, 3]);
    assert.deepEqual(passed, [1, 2, 3, 4]);
  });

  it("never starts more than its limit within any window", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }), async (gaps) => {
        let now = 0;
        const limit = 5;
        const pacer = new Pacer(limit, 100, () => now);
        const starts: number[] = [];
        for (const gap of gaps) {
          now += gap;
          // one that has to wait: the clock goes on while it sleeps
          const clock = setInterval(() => (now += 50), 0);
          await pacer.turn();
          clearInterval(clock);
          starts.push(now);
        }
        for (const [index, start] of starts.entries()) {
          const later = starts[index + limit];
          assert.ok(later === undefined || later - start >= 100);
        }
      }),
      { numRuns: 5 },
    );
  });

  it("fails with the signal's reason if it is stopped while it waits", async () => {
    const pacer = new Pacer(1, 60_000);
    await pacer.turn();
    const stop = new AbortController();
    const waiting = pacer.turn(stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
  });
});
