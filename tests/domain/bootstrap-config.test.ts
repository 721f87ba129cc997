import assert from "node:assert/strict";
import { parseBootstrapStatus, type BootstrapStatus } from "../../domain/bootstrap-config.ts";

const status: BootstrapStatus = {
  runId: "r",
  startedAt: "2025-12-31T00:00:00.000Z",
  finishedAt: "2025-12-31T00:00:01.000Z",
  lastSuccessAt: "2025-12-30T00:00:00.000Z",
  cause: "vault-sealed",
  phase: "unseal",
  message: "m",
  omitted: 1,
  secrets: [
    { name: "a", path: "a", outcome: "failed", reason: "why", sourceVersion: "1", vaultVersion: 2 },
    { name: "b", path: "b", outcome: "kept" },
  ],
};

describe("parseBootstrapStatus", () => {
  it("returns what the bootstrap wrote", () => {
    assert.deepEqual(parseBootstrapStatus(JSON.stringify(status)), status);
  });

  it("ignores fields that a later version may add", () => {
    assert.deepEqual(parseBootstrapStatus(JSON.stringify({ ...status, later: 1 })), { ...status, later: 1 });
  });

  for (const [what, text] of [
    ["no JSON", "status: ok"],
    ["null", "null"],
    ["an empty object", "{}"],
    ["one without its secrets", JSON.stringify({ ...status, secrets: undefined })],
    ["one whose secrets are names alone", JSON.stringify({ ...status, secrets: ["a"] })],
    ["one with a cause that is none", JSON.stringify({ ...status, cause: "bad-luck" })],
  ] as const) {
    it(`is undefined for ${what}`, () => {
      assert.equal(parseBootstrapStatus(text), undefined);
    });
  }
});
