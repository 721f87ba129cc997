import assert from "node:assert/strict";
import fc from "fast-check";
import { digestOf } from "../../domain/names.ts";

describe("digestOf", () => {
  it("is 12 hex digits", () => assert.match(digestOf(["a"]), /^[0-9a-f]{12}$/));

  it("differs for lists that differ in any part", () =>
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (left, right) => {
        const same = left.length === right.length && left.every((part, index) => part === right[index]);
        return same === (digestOf(left) === digestOf(right));
      }),
    ));

  it("differs when text moves from one part to the next", () =>
    assert.notEqual(digestOf(["ab", "c"]), digestOf(["a", "bc"])));
});
