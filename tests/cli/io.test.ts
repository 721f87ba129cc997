import assert from "node:assert/strict";
import { printable, style, withoutValuesInMemory } from "../../cli/io.ts";
import { Redacted } from "../../domain/redacted.ts";
import { recordedIo } from "./recorded-io.ts";

describe("printable", () => {
  it("lets lines, tabs and our own styles through", () => {
    const ours = style(recordedIo(true), "red", "a\tb\n") + style(recordedIo(true), "bold", "ünï – ✓");
    assert.equal(printable(ours), ours);
  });

  it("takes the control characters out of what others wrote: titles, cursors, hidden text, rewritten lines", () => {
    const theirs = [
      "\u001B]0;title\u0007",
      "\u001B[2K\u001B[1A",
      "\u001B[8mhidden",
      "ok\rbad",
      "\u009B2J",
      "\u0000\b\u007F",
    ];
    assert.deepEqual(theirs.map(printable), ["]0;title", "[2K[1A", "[8mhidden", "okbad", "2J", ""]);
  });
});

describe("withoutValuesInMemory", () => {
  it("removes what a Redacted of this process holds, in any encoding, and leaves values that read like names", () => {
    const values = [new Redacted("tok_Held-By-The-Test/1"), new Redacted("ameide-bot")];
    assert.equal(
      withoutValuesInMemory("sent tok_Held-By-The-Test/1 as tok_Held-By-The-Test%2F1 for ameide-bot"),
      "sent [redacted] as [redacted] for ameide-bot",
    );
    assert.equal(values.length, 2); // they are alive until here
  });
});
