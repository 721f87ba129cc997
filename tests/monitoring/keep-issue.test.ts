import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { repositoryRoot } from "../../environments/repository.ts";

const runAddress = "https://github.com/ameideio/ameide-secrets/actions/runs/1";

describe("keep-issue", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "keep-issue-"));
    mkdirSync(join(folder, "bin"));
    // answers `issue list`, and notes every call with what it was given to read
    const gh = `#!/usr/bin/env node
const { appendFileSync, readFileSync } = require("node:fs");
const argv = process.argv.slice(2);
appendFileSync("${folder}/calls", JSON.stringify({ argv, body: readFileSync(0, "utf8") }) + "\\n");
if (argv[1] === "list") process.stdout.write(readFileSync("${folder}/issues", "utf8"));
`;
    writeFileSync(join(folder, "bin", "gh"), gh, { mode: 0o755 });
    saw("dev");
    saw("prod");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  type Outcome = readonly [code: number, output: string, errors?: string];
  function saw(
    stack: string,
    outcomes: Readonly<Partial<Record<"doctor" | "drift" | "rotation", Outcome>>> = {},
  ): void {
    const seen = join(folder, `seen-${stack}`);
    mkdirSync(seen, { recursive: true });
    const well = { doctor: [0, "all well"], drift: [0, "[]"], rotation: [0, "nothing"] } as const;
    for (const [name, [code, output, errors = ""]] of Object.entries<Outcome>({ ...well, ...outcomes })) {
      writeFileSync(join(seen, name), output);
      writeFileSync(join(seen, `${name}.err`), errors);
      writeFileSync(join(seen, `${name}.code`), `${code}\n`);
    }
  }
  function keep(issues: readonly object[] = []): readonly { readonly argv: string[]; readonly body: string }[] {
    writeFileSync(join(folder, "issues"), JSON.stringify(issues));
    writeFileSync(join(folder, "calls"), "");
    const script = join(repositoryRoot, "monitoring", "keep-issue.ts");
    const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"] ?? ""}` };
    const argv = [script, folder, runAddress, "dev", "prod"];
    const { status, stderr } = spawnSync(process.execPath, argv, { env, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const lines = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as { argv: string[]; body: string }).slice(1);
  }
  const ours = { number: 7, author: { login: "app/github-actions", is_bot: true } };

  it("does nothing while all is well and no issue is open", () => assert.deepEqual(keep(), []));

  it("opens one issue for all stacks, under its label", () => {
    saw("dev", { doctor: [1, "ghcr-token: Vault is sealed"], rotation: [1, "SECRET DAYS\nopenai 400"] });
    saw("prod", { doctor: [2, "", "ameide-secrets: no way to the cluster"] });
    const [labelled, created, ...more] = keep();
    assert.deepEqual(labelled?.argv.slice(0, 4), ["label", "create", "ameide-secrets-watch", "--force"]);
    assert.equal(
      created?.argv.join(" "),
      "issue create --title ameide-secrets: dev, prod need attention --label ameide-secrets-watch --body-file -",
    );
    assert.deepEqual(more, []);
    assert.deepEqual(created?.body.match(/^(?:###| {4}).*$/gm), [
      "### dev: doctor found something",
      "    ghcr-token: Vault is sealed",
      "### dev: rotation found something",
      "    SECRET DAYS",
      "    openai 400",
      "### prod: doctor could not run",
      "    ameide-secrets: no way to the cluster",
    ]);
  });

  it("edits the open issue, closes it when all is well, and ignores other issues", () => {
    const theirs = { number: 3, author: { login: "a-person", is_bot: false } };
    assert.deepEqual(keep([theirs]), []);
    assert.deepEqual(
      keep([theirs, ours]).map(({ argv }) => argv),
      [["issue", "close", "7", "--comment", `All is well: ${runAddress}`]],
    );
    saw("prod", { doctor: [1, "x"] });
    const [edited, ...more] = keep([theirs, ours]);
    assert.deepEqual(edited?.argv.slice(0, 5), ["issue", "edit", "7", "--title", "ameide-secrets: prod needs attention"]); // prettier-ignore
    assert.deepEqual(more, []);
  });

  it("reports what drifted, but not what the reading identity cannot compare", () => {
    const unproven = { name: "a", hops: [], unproven: ["Vault secret/a: 403"] };
    saw("dev", { drift: [1, JSON.stringify([unproven])] });
    assert.deepEqual(keep(), []);
    const differs = { name: "b", hops: [], unproven: [], firstDifference: "Secret x/y z", fix: "resync" };
    saw("dev", { drift: [1, JSON.stringify([unproven, differs])] });
    assert.match(
      keep().at(-1)?.body ?? "",
      /drift found something\n\n {4}b: differs first in Secret x\/y z\n {6}fix: resync$/,
    );
  });

  it("reports that a stack could not be checked", () => {
    rmSync(join(folder, "seen-prod"), { recursive: true });
    assert.match(
      keep().at(-1)?.body ?? "",
      /### prod: not everything was checked\n\n {4}the job of prod ended early: https/,
    );
  });

  it("shows all text as code, whatever names are in it, and no more than GitHub accepts", () => {
    const hostile = [
      "```\n# out",
      "~~~\n</details>",
      "\r# out",
      "\u2028@everyone",
      "<img src=x>\n\n@everyone",
      "##[error]",
    ];
    saw("dev", { doctor: [1, hostile.join("\n")] });
    const body = keep().at(-1)?.body ?? "";
    const [, code = ""] = body.split("### dev: doctor found something\n\n");
    assert.deepEqual(code.split(/[\n\r\u2028]/).filter((line) => !line.startsWith("    ")), []); // prettier-ignore
    const long: Outcome = [1, "a\n".repeat(50_000)];
    for (const stack of ["dev", "prod"]) saw(stack, { doctor: long, rotation: long });
    assert.ok((keep().at(-1)?.body ?? "").length < 65_536);
  });
});
