import assert from "node:assert/strict";
import fc from "fast-check";
import { Pacer } from "../../bootstrap/pacer.ts";

describe("Pacer", () => {
  it("lets a whole window's worth pass at once, and the next only when the first is older than the window", async () => {
    const pacer = new Pacer(3, 40);
    const startedAt = performance.now();
    await Promise.all([pacer.turn(), pacer.turn(), pacer.turn()]);
    assert.ok(performance.now() - startedAt < 40);
    await pacer.turn();
    assert.ok(performance.now() - startedAt >= 40);
  });

  it("never lets more than its limit begin within any window, whenever they come", async () => {
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

  it("fails with the signal's reason when it is stopped while it waits", async () => {
    const pacer = new Pacer(1, 60_000);
    await pacer.turn();
    const stop = new AbortController();
    const waiting = pacer.turn(stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
  });
});
