import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as policyProxy from "@pulumi/policy/proxy.js";
import { markAt, markedInputs, plainInputs } from "../../../policies/pack/wire.ts";
import { isUnknown, markedSecret } from "../../../policies/subject/reading.ts";

/** Pulumi's own words for it; what we write down ourselves must be the same after an upgrade too. */
const rpc = createRequire(import.meta.url)("@pulumi/pulumi/runtime/rpc") as {
  readonly specialSigKey: string;
  readonly specialSecretSig: string;
  readonly specialAssetSig: string;
};
const secret = (value: unknown): unknown => ({ [rpc.specialSigKey]: rpc.specialSecretSig, value });

describe("plainInputs", () => {
  it("shows what is behind a mark, in lists, maps and under another mark", () =>
    assert.deepEqual(
      plainInputs({ a: secret("1"), b: [secret({ c: secret("2") })], d: { e: secret(["3"]) }, f: null, g: 4 }),
      { a: "1", b: [{ c: "2" }], d: { e: ["3"] }, f: null, g: 4 },
    ));
  it("leaves the signature of an asset out: it is no text of the program", () =>
    assert.deepEqual(plainInputs({ a: { [rpc.specialSigKey]: rpc.specialAssetSig, text: "t" } }), {
      a: { text: "t" },
    }));
});

describe("markedInputs", () => {
  it("carries no value that is marked", () =>
    assert.deepEqual(markedInputs({ a: secret("1"), b: [secret({ c: "2" })], d: "plain" }), {
      a: markedSecret,
      b: [markedSecret],
      d: "plain",
    }));
});

describe("markAt", () => {
  it("marks the value there as the engine does, and no other", () =>
    assert.deepEqual(markAt({ data: { a: "1", b: secret("2") }, c: "3" }, ["data", "a"]), {
      data: { a: secret("1"), b: secret("2") },
      c: "3",
    }));
  it("leaves what lies behind a mark as it is", () =>
    assert.deepEqual(markAt({ data: secret({ a: "1" }) }, ["data", "a"]), { data: secret({ a: "1" }) }));
});

describe("isUnknown", () => {
  it("knows every sentinel that Pulumi's own SDK for policies knows", () => {
    const sentinels = Object.entries(policyProxy as Readonly<Record<string, unknown>>).filter(([name]) =>
      /^unknown\w+Value$/.test(name),
    );
    assert.equal(sentinels.length, 7);
    assert.deepEqual(
      sentinels.filter(([, value]) => !isUnknown(value)),
      [],
    );
  });
});
