import assert from "node:assert/strict";
import { goDuration } from "../../domain/manifests/external-secret.ts";

describe("goDuration", () => {
  for (const [seconds, text] of [
    [0, "0s"],
    [45, "45s"],
    [60, "1m0s"],
    [299, "4m59s"],
    [900, "15m0s"],
    [3600, "1h0m0s"],
    [90_061, "25h1m1s"],
  ] as const) {
    it(`formats ${seconds} s as Go does: ${text}`, () => assert.equal(goDuration(seconds), text));
  }
});
