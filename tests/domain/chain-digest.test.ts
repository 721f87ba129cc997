import assert from "node:assert/strict";
import fc from "fast-check";
import { chainDigest, digestOf } from "../../domain/chain-digest.ts";
import { environmentStack } from "../support/stacks.ts";

describe("digestOf", () => {
  it("is 12 hex digits", () => assert.match(digestOf(["a"]), /^[0-9a-f]{12}$/));

  it("differs for lists that differ only in where one part ends", () =>
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (left, right) => {
        const same = left.length === right.length && left.every((part, index) => part === right[index]);
        return same === (digestOf(left) === digestOf(right));
      }),
    ));

  it("differs when text moves from one part to the next", () =>
    assert.notEqual(digestOf(["ab", "c"]), digestOf(["a", "bc"])));
});

describe("chainDigest", () => {
  const stack = environmentStack();
  const changed = (bootstrap: Partial<typeof stack.bootstrap>) =>
    chainDigest({ bootstrap: { ...stack.bootstrap, ...bootstrap } });

  it("is the same for the same plan", () => assert.equal(chainDigest(environmentStack()), chainDigest(stack)));

  for (const [what, other] of [
    ["the bundle", { bundle: "// another" }],
    ["the image", { image: "r@sha256:1" }],
    ["the runId", { runId: "again" }],
    ["the configuration", { config: { ...stack.bootstrap.config, claimUnmarked: true } }],
  ] as const) {
    it(`differs when ${what} does`, () => assert.notEqual(changed(other), chainDigest(stack)));
  }

  it("differs when a value has a new version", () => {
    assert.notEqual(chainDigest(stack, ["https://kv/a/1"]), chainDigest(stack, ["https://kv/a/2"]));
    assert.notEqual(chainDigest(stack, ["https://kv/a/1"]), chainDigest(stack));
  });
});
