import assert from "node:assert/strict";
import { SecretProperty } from "../../../stand-ins/providers/property-value.ts";
import { refreshedInputs } from "../../../stand-ins/providers/property-diff.ts";

describe("refreshedInputs", () => {
  it("follows what drifted from the last known outputs", () => {
    const before = { labels: { a: "1", b: "1" }, list: [{ x: 1 }] };
    const after = { labels: { a: "2", b: "1" }, list: [{ x: 2 }] };
    assert.deepEqual(refreshedInputs(before, before, after), { labels: { a: "2", b: "1" }, list: [{ x: 2 }] });
  });

  it("keeps what the server only formats differently", () => {
    assert.deepEqual(refreshedInputs({ cpu: "0.5" }, { cpu: "500m" }, { cpu: "500m" }), { cpu: "0.5" });
  });

  it("keeps what the server never returns", () => {
    const inputs = { properties: { value: new SecretProperty("v"), contentType: "a" } };
    const refreshed = refreshedInputs(
      inputs,
      { properties: { contentType: "a" } },
      { properties: { contentType: "b" } },
    );
    assert.deepEqual(refreshed, { properties: { value: inputs.properties.value, contentType: "b" } });
  });

  it("does not treat what the server adds as an input", () => {
    assert.deepEqual(refreshedInputs({ a: { x: 1 } }, { a: { x: 1 } }, { a: { x: 1, y: 2 }, b: 3 }), { a: { x: 1 } });
  });

  it("drops what was removed, so that the next plan restores it", () => {
    assert.deepEqual(refreshedInputs({ a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }), { a: 1 });
  });

  it("keeps a drifted secret marked as secret", () => {
    const refreshed = refreshedInputs({ token: new SecretProperty("old") }, { token: "old" }, { token: "new" });
    assert.equal((refreshed["token"] as SecretProperty).reveal(), "new");
  });
});
