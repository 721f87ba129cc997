import assert from "node:assert/strict";
import { secondsOf } from "../../domain/manifests/external-secret.ts";
import { periodOf } from "../../policies/bootstrap.ts";

describe("secondsOf", () => {
  for (const [text, seconds] of [
    ["90s", 90],
    ["15m", 900],
    ["1h30m", 5400],
    ["1h", 3600],
    ["1h0m0s", 3600],
    ["5m30s", 330],
    ["0s", 0],
    ["500ms", 0.5],
    ["0", 0],
    ["1.5h", 5400],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(secondsOf(text), seconds));
  }
  for (const text of ["", "15", "1 h", "1d", "soon", "-1h"])
    it(`finds no duration in "${text}"`, () => assert.equal(secondsOf(text), undefined));
});

describe("periodOf", () => {
  for (const [schedule, seconds] of [
    ["*/5 * * * *", 300],
    ["* * * * *", 60],
    ["7 * * * *", 3600],
    ["0 */2 * * *", 7200],
    ["0 3 * * *", 86_400],
  ] as const) {
    it(`reads "${schedule}"`, () => assert.equal(periodOf(schedule), seconds));
  }
  for (const schedule of ["0 3 * * 1", "*/5 3 * * *", "1,2 * * * *", "0 1,2 * * *", "@hourly", ""]) {
    it(`gives "${schedule}" no period rather than a wrong one`, () => assert.equal(periodOf(schedule), undefined));
  }
});
