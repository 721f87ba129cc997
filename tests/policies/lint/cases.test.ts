import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readCatalogue } from "../../../environments/catalogue.ts";
import { lintPaths } from "../../../policies/lint/lint.ts";
import { isClean } from "../../../policies/lint/result.ts";

/** What one run over inputs of a case has to report; inputs that real repositories hold. */
interface Expected {
  /** Path in the case's folder. */
  readonly lint: string;
  /** `file:line rule` of each finding, sorted; the file only where it is not the path itself. */
  readonly findings: readonly string[];
  /** `file:line reason` of what was not judged; the reason up to its first comma or semicolon. */
  readonly notJudged?: readonly string[];
  /** Part of the problem or the fix of a finding. */
  readonly says?: readonly string[];
}

const cases = fileURLToPath(new URL("cases", import.meta.url));
const catalogue = readCatalogue();

describe("lint, on inputs of the field", () => {
  for (const name of readdirSync(cases)) {
    const folder = join(cases, name);
    const expected = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as readonly Expected[];
    for (const { lint, findings, notJudged = [], says = [] } of expected) {
      it(`${name}: ${lint}`, () => {
        const path = join(folder, lint);
        const result = lintPaths([path], { catalogue, exemptions: [], today: "2026-11-24" });
        const at = (file: string, line: number): string =>
          file === path ? String(line) : `${relative(path, file)}:${line}`;
        assert.deepEqual(
          result.findings.map(({ file, line, code }) => `${at(file, line)} ${code}`).toSorted(),
          findings.toSorted(),
        );
        assert.deepEqual(
          result.skipped.map(({ file, line, reason }) => `${at(file, line)} ${reason.split(/[,;]/)[0] ?? ""}`),
          notJudged,
        );
        assert.equal(isClean(result), findings.length === 0);
        assert.equal(isClean(result, true), findings.length + notJudged.length === 0);
        const texts = result.findings.map(({ problem, fix }) => `${problem}\n${fix}`).join("\n");
        for (const text of says) assert.ok(texts.includes(text), `"${text}" is in:\n${texts}`);
      });
    }
  }
});
