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
  it("prints no blank line before a long word, and no space at the end of a line", () => {
    assert.equal(
      wrapped("  apps/a-long-name-of-a-file.yaml:12  Secret db", 6, 20),
      "  apps/a-long-name-of-a-file.yaml:12\n      Secret db",
    );
    assert.equal(wrapped("  a.yaml:1  Secret db", 6, 17), "  a.yaml:1\n      Secret db");
  });
});
