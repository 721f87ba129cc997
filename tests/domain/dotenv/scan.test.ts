import assert from "node:assert/strict";
import { parse } from "dotenv";
import * as fc from "fast-check";
import { scanDotenv } from "../../../domain/dotenv/files.ts";

/** Texts that look like `.env` files: every element of dotenv's grammar, in any order. */
const dotenvText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("A", "A_B", "a.b", "export A", "export  X-Y", "  K", "__proto__", "1") },
      { weight: 4, arbitrary: fc.constantFrom("=", " = ", ": ", ":", "=\t", " ") },
      {
        weight: 5,
        arbitrary: fc.constantFrom("v", "'q'", '"q"', "`q`", "'", '"', "`", "#", " # c", "\\'", "\\n", "$", "é"),
      },
      { weight: 5, arbitrary: fc.constantFrom("\n", "\r\n", "\r", "\n\n", " ", "\t", "\uFEFF", "\u2028") },
      { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

describe("scanDotenv", () => {
  it("names exactly the variables that dotenv reads, for any text", () => {
    fc.assert(
      fc.property(dotenvText, (text) => {
        const scanned = new Set(scanDotenv(text).assignments.map(({ variable }) => variable));
        scanned.delete("__proto__"); // dotenv's plain object has no room for it
        assert.deepEqual([...scanned].toSorted(), Object.keys(parse(text)).toSorted());
      }),
      { numRuns: 3000 },
    );
  });

  it("gives the line of the variable, for any text", () => {
    fc.assert(
      fc.property(dotenvText, (text) => {
        const lines = text.split(/\r\n|\r|\n/);
        for (const { variable, line } of scanDotenv(text).assignments) {
          assert.ok(lines[line - 1]?.includes(variable), `${variable} is not on line ${line}`);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("gives the line that sets the value that dotenv reads, whatever is around it", () => {
    const noise = fc.constantFrom("", "# comment", "X='a\nb'", 'Y="two\n\nlines"', "export Z=1", "   ", "W=`\n`");
    fc.assert(
      fc.property(fc.array(noise), fc.array(noise), fc.constantFrom("\n", "\r\n", "\r"), (before, after, lineBreak) => {
        const text = [...before, "NEEDLE=found", ...after].join("\n");
        const expected = text.slice(0, text.indexOf("NEEDLE")).split("\n").length;
        const { assignments } = scanDotenv(text.replaceAll("\n", lineBreak));
        assert.deepEqual(
          assignments.filter(({ variable }) => variable === "NEEDLE").map(({ line }) => line),
          [expected],
        );
      }),
    );
  });

  it("ignores no line silently: each is an assignment, part of one, a comment, blank, or reported", () => {
    const line = fc.constantFrom(
      "A=1",
      "# c",
      "",
      "just words",
      "KEY",
      "export",
      "B='x'",
      "-----BEGIN KEY-----",
      "C: 2",
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { unreadLines } = scanDotenv(lines.join("\n"));
        const junk = new Set(["just words", "KEY", "export", "-----BEGIN KEY-----"]);
        // `export` before an assignment on the next line is read by dotenv as part of it
        const swallowed = (at: number): boolean => lines[at] === "export" && !unreadLines.includes(at + 1);
        const expected = lines.flatMap((text, at) => (junk.has(text) && !swallowed(at) ? [at + 1] : []));
        assert.deepEqual(unreadLines, expected);
      }),
    );
  });

  it("finds every assignment of a variable that is set more than once", () => {
    const { assignments } = scanDotenv("A=1\nB=2\nA=3");
    assert.deepEqual(
      assignments.map(({ variable, line }) => [variable, line]),
      [
        ["A", 1],
        ["B", 2],
        ["A", 3],
      ],
    );
  });

  const cut = (text: string): boolean | undefined => scanDotenv(text).assignments[0]?.cutByHash;
  it("reports a value that is cut at an unquoted #", () => assert.equal(cut("A=pass#word"), true));
  it("reports a cut at the first character", () => assert.equal(cut("A=#word"), true));
  it("treats a # after a space as a comment", () => assert.equal(cut("A=value # why"), false));
  it("treats a # in quotes as part of the value", () => assert.equal(cut("A='pass#word'"), false));
  it("treats a # after closing quotes as a comment", () => assert.equal(cut("A='word'#why"), false));
  it("reports a cut inside quotes that are not closed", () => assert.equal(cut("A='pass#word"), true));

  const hasStrayQuote = (text: string): boolean | undefined => scanDotenv(text).assignments[0]?.strayQuote;
  it("reports a quote that is not closed", () => assert.equal(hasStrayQuote("A='word"), true));
  it("reports quotes with something after them", () => assert.equal(hasStrayQuote('A="one" two'), true));
  it("accepts closed quotes of each kind", () => {
    assert.deepEqual(["A='w'", 'A="w"', "A=`w`"].map(hasStrayQuote), [false, false, false]);
  });
  it("accepts quotes within a value", () => assert.equal(hasStrayQuote("A=it's"), false));
});
