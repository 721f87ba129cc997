import assert from "node:assert/strict";
import { printable, style } from "../../cli/io.ts";
import { withoutValuesInMemory } from "../../domain/redaction.ts";
import { Redacted } from "../../domain/redacted.ts";
import { recordedIo } from "./recorded-io.ts";

describe("printable", () => {
  it("passes lines, tabs and our own styles", () => {
    const ours = style(recordedIo(true), "red", "a\tb\n") + style(recordedIo(true), "bold", "ünï – ✓");
    assert.equal(printable(ours), ours);
  });

  it("escapes control characters of foreign text: titles, cursors, hidden text, rewritten lines", () => {
    const theirs = [
      "\u001B]0;title\u0007",
      "\u001B[2K\u001B[1A",
      "\u001B[8mhidden",
      "ok\rbad",
      "\u009B2J",
      "\u0000\b\u007F",
      "gnp\u202E.exe",
    ];
    assert.deepEqual(theirs.map(printable), [
      String.raw`\u001b]0;title\u0007`,
      String.raw`\u001b[2K\u001b[1A`,
      String.raw`\u001b[8mhidden`,
      String.raw`ok\u000dbad`,
      String.raw`\u009b2J`,
      String.raw`\u0000\u0008\u007f`,
      String.raw`gnp\u202e.exe`,
    ]);
  });

  it("does not change a JSON document", () => {
    const content = { name: "a\u202Eb\u009B2J\u2028\uFEFF", lines: "1\n2\t\u001B[31m" };
    const shown = printable(JSON.stringify(content, undefined, 2));
    assert.deepEqual(JSON.parse(shown), content);
    assert.doesNotMatch(shown, /[\u202E\u009B\u2028\uFEFF]/);
  });
});

describe("withoutValuesInMemory", () => {
  it("removes the value of every Redacted of this process, in any encoding, and leaves values that read like names", () => {
    const values = [new Redacted("tok_Held-By-The-Test/1"), new Redacted("ameide-bot")];
    assert.equal(
      withoutValuesInMemory("sent tok_Held-By-The-Test/1 as tok_Held-By-The-Test%2F1 for ameide-bot"),
      "sent [redacted] as [redacted] for ameide-bot",
    );
    assert.equal(values.length, 2); // they are alive until here
  });
});
