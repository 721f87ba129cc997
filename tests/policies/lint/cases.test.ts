import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readCatalogue } from "../../../environments/catalogue.ts";
import { lintSources } from "../../../policies/lint/lint.ts";
import { sourceFiles } from "../../../policies/lint/paths.ts";
import { isClean } from "../../../policies/lint/judge-located.ts";

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

describe("lint, on inputs from real repositories", () => {
  for (const name of readdirSync(cases)) {
    const folder = join(cases, name);
    const expected = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as readonly Expected[];
    for (const { lint, findings, notJudged = [], says = [] } of expected) {
      it(`${name}: ${lint}`, () => {
        const path = join(folder, lint);
        const result = lintSources(sourceFiles([path]), { catalogue, exemptions: [], today: "2026-11-24" });
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

  it("follows circular links once", () => {
    const folder = mkdtempSync(join(tmpdir(), "lint-links-"));
    try {
      mkdirSync(join(folder, "a/b"), { recursive: true });
      writeFileSync(join(folder, "a/values.yaml"), "db:\n  password: Made-Up-Pa55-word\n");
      for (const [link, to] of [
        ["a/self", "."],
        ["a/b/up", "../.."],
        ["c", "a"],
        ["a/d", "../c"],
        ["gone.yaml", "nothing.yaml"],
      ] as const) {
        symlinkSync(to, join(folder, link));
      }
      const { findings, skipped } = lintSources(sourceFiles([folder]), {
        catalogue,
        exemptions: [],
        today: "2026-11-24",
      });
      assert.deepEqual(
        findings.map(({ file }) => relative(folder, file)),
        ["a/values.yaml", "c/values.yaml"],
      );
      assert.deepEqual(
        skipped.map(({ file, reason }) => `${relative(folder, file)} ${reason}`),
        ["gone.yaml is a broken symbolic link"],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [what, text] of [
    ["JSON", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
    ["flow style", `a: ${"[".repeat(5000)}${"]".repeat(5000)}\n`],
    ["lists on one line", `${"- ".repeat(5000)}a\n`],
    ["indentation", Array.from({ length: 300 }, (_, n) => `${" ".repeat(n)}a:\n`).join("")],
    ["lists of lists", Array.from({ length: 300 }, (_, n) => `${" ".repeat(n)}-\n`).join("")],
  ] as const) {
    it(`reports a document that nests too deep, in ${what}`, () => {
      const { findings } = lintSources([{ file: "deep.yaml", text }], { catalogue });
      assert.deepEqual(
        findings.map(({ code }) => code),
        ["lint-too-deep"],
      );
    });
  }
  it("does not confuse many brackets or long lines with depth", () => {
    const text = `kind: x\na: |\n${"  {[(\n".repeat(400)}b: [${"[1], ".repeat(400)}]\n`;
    assert.deepEqual(lintSources([{ file: "wide.yaml", text }], { catalogue }).findings, []);
  });
  it("prints no warning of the YAML library", async () => {
    const heard: string[] = [];
    const listen = ({ message }: Error): number => heard.push(message);
    process.on("warning", listen);
    try {
      lintSources([{ file: "a.yaml", text: "? [a, b]\n: c\n{d: e}: f\ng: !Ref x\n" }], { catalogue });
      await new Promise(setImmediate);
    } finally {
      process.off("warning", listen);
    }
    assert.deepEqual(heard, []);
  });
});
