import assert from "node:assert/strict";
import * as fc from "fast-check";
import { nearest } from "../../domain/nearest.ts";

describe("nearest", () => {
  const known = ["ghcr-token", "ghcr-username", "openai-api-key", "anthropic-api-key"];
  it("finds a name with one letter missing", () => assert.equal(nearest("ghcr-tokn", known), "ghcr-token"));
  it("counts two swapped letters as one edit, also at the start of a name", () => {
    assert.equal(nearest("ghrc-token", known), "ghcr-token");
    assert.equal(nearest("ba", ["ab"]), "ab");
    assert.equal(nearest("bca", ["abc"]), undefined);
  });
  it("finds a name with a word missing", () => assert.equal(nearest("openai-key", known), "openai-api-key"));
  it("returns the nearer of two", () => assert.equal(nearest("antropic-api-key", known), "anthropic-api-key"));
  it("suggests nothing for a name that resembles none", () =>
    assert.equal(nearest("stripe-webhook", known), undefined));
  it("suggests nothing if there are no names", () => assert.equal(nearest("a", []), undefined));
  it("returns the first of two that are equally near", () =>
    assert.equal(nearest("abcde", ["abcdx", "abcdy"]), "abcdx"));
  const farFromAll = "#".repeat(90); // no name of the property is as near to it as to its own edit
  it("finds any name that differs by one edit, whatever it is", () => {
    const edit = fc.record({ at: fc.nat(), insert: fc.string({ maxLength: 1 }), remove: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(fc.string({ minLength: 3, maxLength: 30 }), edit, (name, { at, insert, remove }) => {
        const place = at % name.length;
        const edited = name.slice(0, place) + insert + name.slice(place + remove);
        assert.equal(nearest(edited, [farFromAll, name]), name);
      }),
    );
  });
  it("finds a known name itself", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(names, fc.nat(), (all, at) => {
        const name = all[at % all.length] ?? "";
        assert.equal(nearest(name, all), name);
      }),
    );
  });
});
