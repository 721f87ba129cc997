import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { parse } from "yaml";
import { formatDiagnosis } from "../../cli/operate/format-diagnosis.ts";
import { printable } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";
import { table } from "../../cli/table.ts";
import { formatFinding } from "../../domain/finding.ts";
import { explain } from "../../diagnose/explain.ts";
import { renderGithub } from "../../policies/lint/render-machine.ts";
import { repositoryRoot } from "../../environments/repository.ts";
import { healthy, stack, unseen } from "../diagnose/healthy.ts";
import { recordedIo } from "./recorded-io.ts";

/** What somebody who may name a file, a Secret or an Event could try. */
const hostile: Readonly<Record<string, string>> = {
  "a command to GitHub's runner": "x\n::error file=a.ts::all is well",
  "the same after a carriage return": "x\r::stop-commands::t",
  "the runner's older form": "x ##[error]y",
  "an escape sequence": "x\u001B]0;title\u0007\u001B[2Ky",
  "an escape sequence in one character": "x\u009B2Jy",
  "the end of a code fence": "x\n```\n</details>\n# y",
  "turned text": "x\u202Etxt.exe\u2066y",
  "text that is not seen": "x\u200B\uFEFFy",
  "a line separator": "x\u2028::error::y",
};

/** Nothing but lines of text: each begins as one of ours, and has no character that is not seen. */
function assertSafe(text: string, of: string): void {
  assert.doesNotMatch(text, /^\s*::|##\[/m, of);
  assert.doesNotMatch(text, /[^\P{Cc}\n\t]|[\u2028\u2029\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/u, of);
}

describe("a name that others chose", () => {
  for (const [what, name] of Object.entries(hostile)) {
    it(`is one line of plain text in a finding, a table and a diagnosis: ${what}`, () => {
      const finding = { code: "c", stage: "dotenv", severity: "error", where: name, subject: name } as const;
      const shown = formatFinding({ ...finding, problem: `${name} is wrong`, fix: `remove ${name}`, exempt: name });
      assert.equal(shown.split("\n").length, 3);
      const cells = table(["NAME"], [[name], ["b"]]);
      assert.equal(cells.split("\n").length, 3);
      const snapshot = { ...healthy(), stores: unseen("forbidden", name) };
      const plain = { ...healthy(), stores: unseen("forbidden", "x") };
      const diagnosis = formatDiagnosis(explain(snapshot, stack), snapshot);
      assert.equal(
        diagnosis.split("\n").length,
        formatDiagnosis(explain(plain, stack), plain).split("\n").length,
        diagnosis,
      );
      for (const text of [shown, cells, diagnosis]) assertSafe(text, JSON.stringify(text));
    });

    it(`is plain text in an error of the command line and in an annotation: ${what}`, async () => {
      const io = recordedIo();
      assert.equal(await main(["lint", `/nowhere/${name}`], io), 2);
      assertSafe(printable(io.printed.err.join("\n")), name);

      const annotation = renderGithub(
        {
          findings: [{ code: "c", severity: "error", subject: name, problem: name, fix: name, file: "a.yaml", line: 1, where: "a.yaml:1", stage: "dotenv" }], // prettier-ignore
          skipped: [],
          files: 1,
          documents: 1,
        },
        repositoryRoot,
      );
      assert.match(annotation, /^::error file=a\.yaml,line=1,title=c::/);
      assertSafe(annotation.slice(2), annotation);
    });
  }

  it("is escaped by env check if it is a variable's name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hostile-"));
    try {
      const file = join(folder, ".env");
      writeFileSync(file, "EVIL\u202E_TOKEN=1\n::error::x=1\nA\u001B[2J=2\n##[error]=3\n");
      const io = recordedIo();
      await main(["env", "check", "--dotenv", file], io);
      assertSafe(printable([...io.printed.out, ...io.printed.err].join("\n")), "env check");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What could end a block of code, or reach people, in a comment of GitHub. */
const hostileMarkdown = [
  "x\n```\n# out",
  "x\n~~~~~~~~\n# out",
  "</details>\n\n<img src=x onerror=alert(1)>",
  "x\n\n@ameideio/everyone #1",
  "x\r# out",
  "`@ameideio`",
  "\t\n</summary>",
  "<!-- ameide-secrets preview -->",
];

describe("the comment on a pull request", () => {
  /** The body of the comment that preview.yml writes about a plan. */
  async function commentOn(plan: string): Promise<string> {
    const file = join(repositoryRoot, ".github", "workflows", "preview.yml");
    const workflow = parse(readFileSync(file, "utf8")) as {
      jobs: Record<string, { steps?: readonly { with?: { script?: string } }[] }>;
    };
    const script = Object.values(workflow.jobs)
      .flatMap(({ steps = [] }) => steps)
      .map((step) => step.with?.script)
      .find((one) => one !== undefined);
    let body = "";
    const github = {
      paginate: () => Promise.resolve([]),
      rest: { issues: { listComments: {}, createComment: (sent: { body: string }) => (body = sent.body) } },
    };
    const context = { repo: {}, issue: { number: 1 }, sha: "0123456789" };
    const run = compileFunction(`return (async () => {${script ?? ""}})()`, ["require", "github", "context"]) as (
      ...given: readonly unknown[]
    ) => Promise<void>;
    await run(() => ({ readFileSync: () => plan }), github, context);
    return body;
  }

  it("shows a plan as code, whatever is in it", async () => {
    const body = await commentOn([...Object.values(hostile), ...hostileMarkdown].join("\n"));
    const [, shown = ""] = /<summary>plan and verdicts<\/summary>\n\n([\s\S]*)\n\n<\/details>$/.exec(body) ?? [];
    const lines = shown.split(/[\n\r\u2028]/);
    assert.ok(lines.length > 10);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("    ")),
      [],
    );
  });

  it("is not longer than GitHub accepts, and has its closing part, however long the plan is", async () => {
    const body = await commentOn("a\n".repeat(30_000));
    assert.ok(body.length < 65_536, String(body.length));
    assert.match(body, /\n {4}\.\.\. the rest is in the summary of the run\n\n<\/details>$/);
  });
});
