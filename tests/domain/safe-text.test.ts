import assert from "node:assert/strict";
import fc from "fast-check";
import { safeLine } from "../../domain/safe-text.ts";

describe("safeLine", () => {
  it("leaves plain text unchanged", () => assert.equal(safeLine("a/b.yaml:3: Größe {x}"), "a/b.yaml:3: Größe {x}"));

  it("escapes line breaks, escape sequences and bidirectional text", () =>
    assert.equal(safeLine("a\nb\u001B[31m\u202Ec"), String.raw`a\nb\u001b[31m\u202ec`));

  it("escapes text that would be a command to GitHub's runner", () => {
    assert.equal(safeLine("  ::error file=x::y"), String.raw`  \::error file=x::y`);
    const hostile = fc.string({
      unit: fc.constantFrom("::", "##[", "\n", "\r", " ", "a", "\u2028", "\u0085", "#", "["),
    });
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = safeLine(text);
        assert.doesNotMatch(safe, /[\n\r\u0085\u2028]|^\s*::|##\[/);
      }),
    );
  });
});
