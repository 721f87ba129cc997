import assert from "node:assert/strict";
import { wrapped } from "../../../domain/safe-text.ts";

describe("wrapped", () => {
  it("breaks between words, indents the continuation, and loses nothing", () =>
    assert.equal(wrapped("  seen:  one two three four", 9, 20), "  seen:  one two\n         three four"));
  it("leaves text that fits unchanged, and everything outside a terminal", () => {
    assert.equal(wrapped("  seen:  one", 9, 20), "  seen:  one");
    assert.equal(wrapped("  seen:  one two three four", 9), "  seen:  one two three four");
  });
  it("does not break a word that is longer than the line: it may be a path that is copied", () =>
    assert.equal(
      wrapped("  seen:  see https://a-long-address.example two", 9, 20),
      "  seen:  see\n         https://a-long-address.example\n         two",
    ));
});
