import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { shellWord } from "../../domain/safe-text.ts";

describe("shellWord", () => {
  it("leaves a plain path unchanged", () => assert.equal(shellWord("gitops/a-b_c.1"), "gitops/a-b_c.1"));

  it("is read by a shell as the original text", () => {
    const text = fc.string({ unit: "binary-ascii" }).map((any) => any.replaceAll("\0", ""));
    fc.assert(
      fc.property(fc.array(text, { minLength: 20, maxLength: 20 }), (words) => {
        const line = `for word in ${words.map(shellWord).join(" ")}; do printf '%s\\0' "$word"; done`;
        assert.deepEqual(execFileSync("sh", ["-c", line], { encoding: "utf8" }).split("\0").slice(0, -1), words);
      }),
      { numRuns: 20 },
    );
  });
});
