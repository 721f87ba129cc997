import assert from "node:assert/strict";
import { fingerprinter } from "../../../diagnose/observe/fingerprint.ts";

describe("fingerprinter", () => {
  const print = fingerprinter({ values: ["minioadmin"], placeholders: ["CHANGEME"] });

  it("tells what a value looks like, and shows none", () => {
    const looks = ["x-real-token", "minioadmin", "changeme", "sample-token", "  "].map((one) => print(one).looksLike);
    assert.deepEqual(looks, ["value", "fixture", "placeholder", "sample", "empty"]);
  });
  it("knows a template that nobody filled in, and takes no JSON for one", () => {
    assert.equal(print("{{ .REDIS_PASSWORD }}").looksLike, "template");
    assert.equal(print('{"auths":{"ghcr.io":{"auth":"x"}}}').looksLike, "value");
  });
});
