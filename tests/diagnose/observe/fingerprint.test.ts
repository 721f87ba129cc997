import assert from "node:assert/strict";
import { fingerprinter } from "../../../diagnose/observe/fingerprint.ts";

describe("fingerprinter", () => {
  const print = fingerprinter({ values: ["minioadmin"], placeholders: ["CHANGEME"] });

  it("reports what kind of value it is, and shows none", () => {
    const looks = ["x-real-token", "minioadmin", "changeme", "sample-token", "  "].map((one) => print(one).looksLike);
    assert.deepEqual(looks, ["value", "fixture", "placeholder", "sample", "empty"]);
  });
  it("recognises an unrendered template, and does not confuse JSON with one", () => {
    assert.equal(print("{{ .REDIS_PASSWORD }}").looksLike, "template");
    assert.equal(print('{"auths":{"ghcr.io":{"auth":"x"}}}').looksLike, "value");
  });
});
