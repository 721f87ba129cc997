import assert from "node:assert/strict";
import fc from "fast-check";
import { pauseInMs, retry, retryAfterInMs } from "../../clients/pacing.ts";

const timing = { retryBaseInMs: 1, retryCapInMs: 4, retryAttempts: 4 };

describe("retry", () => {
  it("returns the first success, after any failures before it", async () => {
    let calls = 0;
    const operation = () => (++calls < 3 ? Promise.reject(new Error("passing")) : Promise.resolve("done"));
    assert.equal(await retry(operation, { timing, verdict: () => ({}) }), "done");
    assert.equal(calls, 3);
  });

  it("fails with the last error once its attempts are used up", async () => {
    let calls = 0;
    const operation = () => Promise.reject(new Error(`attempt ${++calls}`));
    await assert.rejects(retry(operation, { timing, verdict: () => ({}) }), /attempt 4/);
    assert.equal(calls, 4);
  });

  it("fails at once with a permanent error", async () => {
    let calls = 0;
    const operation = () => Promise.reject(new Error(`attempt ${++calls}`));
    await assert.rejects(retry(operation, { timing, verdict: () => undefined }), /attempt 1/);
  });

  it("fails with the signal's reason if it is stopped in a pause", async () => {
    const stop = new AbortController();
    const operation = () => Promise.reject(new Error("passing"));
    const onRetry = () => stop.abort(new Error("stopped"));
    const running = retry(operation, { timing, verdict: () => ({ afterInMs: 60_000 }), signal: stop.signal, onRetry });
    await assert.rejects(running, /stopped/);
  });
});

describe("pauseInMs", () => {
  it("stays between half of the doubled pause and the cap, and never undercuts Retry-After", () => {
    const options = { retryBaseInMs: 250, retryCapInMs: 10_000, retryAttempts: 6 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const given = { timing: options, random: () => random };
        const full = Math.min(10_000, 250 * 2 ** (attempt - 1));
        const pause = pauseInMs(attempt, {}, given);
        assert.ok(pause >= full / 2 && pause <= full);
        const asked = pauseInMs(attempt, { afterInMs: 3_000 }, given);
        assert.ok(asked >= 3_000 && asked <= 3_600);
      }),
    );
  });
});

describe("retryAfterInMs", () => {
  it("accepts seconds and dates, at most a minute, and nothing else", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    assert.equal(retryAfterInMs("7", now), 7_000);
    assert.equal(retryAfterInMs("Thu, 01 Jan 2026 00:00:05 GMT", now), 5_000);
    assert.equal(retryAfterInMs("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
    assert.equal(retryAfterInMs("3600", now), 60_000);
    for (const header of ["soon", "", undefined]) assert.equal(retryAfterInMs(header, now), undefined);
  });
});
