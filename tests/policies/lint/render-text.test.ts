import assert from "node:assert/strict";
import type { LintFinding, LintResult } from "../../../policies/lint/judge-located.ts";
import { renderText } from "../../../policies/lint/render-text.ts";

function finding(code: string, changes: Partial<LintFinding> = {}): LintFinding {
  const { file = "apps/a.yaml", line = 3, subject = "Secret ameide-prod/a" } = changes;
  return {
    code,
    stage: "external-secret",
    severity: "error",
    file,
    line,
    where: `${file}:${line}`,
    subject,
    problem: `${subject}: data.token: "token" holds a literal in clear`,
    fix: "Remove the value, rotate it, and deliver it with an ExternalSecret.",
    ...changes,
  };
}

const result = (...findings: readonly LintFinding[]): LintResult => ({ findings, skipped: [], files: 2, documents: 3 });

describe("renderText", () => {
  it("prints a foreign name on its line, without GitHub commands or escape sequences", () => {
    const name = "x\n::error file=a::done\n\u001B[2J";
    const text = renderText({
      ...result(
        finding("delivery-refresh", { where: `::add-mask::${name}`, subject: name, problem: `${name}: is ${name}` }),
      ),
      skipped: [{ file: `a${name}`, line: 1, reason: `is ${name}` }],
    });
    for (const line of text.split("\n")) assert.doesNotMatch(line, /^\s*::|\p{Cc}/u);
  });
  it("reports what it checked if it found nothing", () =>
    assert.equal(renderText(result()), "3 documents in 2 files: nothing found"));
  it("begins with a table of rules, the most severe first, and with where to begin", () => {
    const text = renderText(
      result(
        finding("delivery-api-version"),
        finding("authority-sealed-secret"),
        finding("secretness-literal-secret"),
        finding("delivery-refresh", { severity: "warning" }),
      ),
    );
    const [verdict, , ...lines] = text.split("\n");
    assert.equal(verdict, "3 documents in 2 files: 4 findings of 4 rules, 3 of them mandatory");
    assert.deepEqual(
      lines.slice(0, 4).map((line) => line.trim().split(/ {2,}/).slice(0, 3)),
      [
        ["1", "critical", "secretness-literal-secret"],
        ["1", "high", "delivery-api-version"],
        ["1", "medium", "authority-sealed-secret"],
        ["1", "medium", "delivery-refresh"],
      ],
    );
    assert.equal(lines[5], "begin with secretness-literal-secret: 1 place, the worst of what was found");
  });
  it("prints reason and fix once per rule, and then each place with its problem", () =>
    assert.match(
      renderText(result(finding("secretness-literal-secret"))),
      /\n {2}why: .*\n {2}fix: Remove the value.*\n {2}apps\/a\.yaml:3 {2}Secret ameide-prod\/a\n {6}data\.token: "token" holds a literal in clear$/,
    ));
  it("prints a place's own fix if it differs", () =>
    assert.match(
      renderText(result(finding("secretness-literal-secret", { fix: "do this instead" }))),
      /in clear\n {6}fix: do this instead$/,
    ));
  it("names a file once if it is the subject", () =>
    assert.match(
      renderText(result(finding("secretness-values", { subject: "Values v/x.yaml", file: "v/x.yaml" }))),
      /\n {2}v\/x\.yaml:3\n {6}data\.token: /,
    ));
  it("shows five places per rule, and counts the others", () => {
    const many = Array.from({ length: 7 }, (_, line) => finding("secretness-literal-secret", { line }));
    const text = renderText(result(...many));
    assert.equal(text.match(/apps\/a\.yaml:/g)?.length, 5);
    assert.match(text, /\n {2}\.\.\. and 2 more$/);
  });
  it("groups many unknown names as one task, with what to do about it", () => {
    const unknown = (amount: number) => Array.from({ length: amount }, () => finding("authority-not-in-catalogue"));
    const many = renderText(result(...unknown(21), finding("delivery-refresh")));
    assert.match(
      many,
      /\nbegin with delivery-refresh: 1 place.*\nnames that the catalogue does not know: 21 places,.*lint --learn PATH\n/,
    );
    assert.doesNotMatch(many, /\nauthority-not-in-catalogue\n/);
    assert.match(renderText(result(...unknown(20))), /\nauthority-not-in-catalogue\n/);
  });
  it("only counts notes, which need no action", () =>
    assert.equal(
      renderText(result(finding("dotenv-settings-left-out", { severity: "note" }))),
      "3 documents in 2 files: nothing found; 1 note with --json",
    ));
  it("breaks lines between words at a terminal's width, and loses none", () => {
    const findings = ["secretness-literal-secret", "authority-cluster-managed"].map((code) => finding(code));
    const [whole, ...narrow] = [undefined, 120, 80].map((columns) => renderText(result(...findings), columns));
    const words = (text = ""): readonly string[] => text.split(/\s+/);
    for (const [i, text] of narrow.entries()) {
      assert.deepEqual(words(text), words(whole));
      assert.deepEqual(
        text.split("\n").filter((line) => line.length > (i === 0 ? 120 : 80)),
        [],
      );
    }
  });
  it("does not report success if something was not judged", () => {
    const skipped = [{ file: "t.yaml", line: 1, reason: "is a template; render it" }];
    assert.match(
      renderText({ ...result(), skipped }),
      /\n1 document was not judged: render it first; --strict fails for it$/,
    );
  });
  it("lists what was not judged, with what to do", () =>
    assert.match(
      renderText({ ...result(), skipped: [{ file: "t.yaml", line: 1, reason: "is a template; render it" }] }),
      /not judged, or not by every rule: 1 document\n {2}t\.yaml:1: is a template; render it/,
    ));
});
