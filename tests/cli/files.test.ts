import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/main.ts";
import { writeOutput } from "../../cli/files.ts";
import { runCommand } from "../support/command-line.ts";
import { recordedIo } from "./recorded-io.ts";

describe("writeOutput", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "ameide-secrets-output-"))));
  afterEach(() => rmSync(dir, { recursive: true }));
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it("writes a file that only its owner can read, also over one that others could read", () => {
    const path = join(dir, "page.html");
    writeFileSync(path, "older and longer");
    chmodSync(path, 0o644);
    writeOutput(path, "new");
    assert.deepEqual([readFileSync(path, "utf8"), modeOf(path)], ["new", 0o600]);
  });

  it("writes files for Git with Git's permissions", () => {
    const path = join(dir, "object.yaml");
    writeOutput(path, "a: 1\n", "public");
    assert.equal(modeOf(path) & 0o400, 0o400);
    assert.equal(modeOf(path) & 0o111, 0);
  });

  it("does not change the mode of a device", () => {
    const before = modeOf("/dev/null");
    writeOutput("/dev/null", "text");
    assert.equal(modeOf("/dev/null"), before);
  });

  it("fails with a UserError if the path cannot be a file", () => {
    for (const [path, reason] of [
      [join(dir, "nowhere", "page.html"), "ENOENT"],
      [dir, "EISDIR"],
    ] as const) {
      assert.throws(() => writeOutput(path, ""), {
        name: "UserError",
        code: "output-not-writable",
        message: `cannot write ${path}: ${reason}\n  fix: choose a file that you can write`,
      });
    }
  });

  it("is reported by graph and render without a stack trace", async () => {
    const file = join(dir, "file");
    writeFileSync(file, "");
    for (const command of [
      ["graph", "--offline", "--stack", "dev", "--out", join(dir, "nowhere", "page.html")],
      ["render", "--stack", "dev", "--client-id", "00000000-0000-4000-8000-000000000001", "--out", join(file, "below")],
    ]) {
      const io = recordedIo();
      assert.equal(await main(command, io), 2);
      assert.match(io.printed.err.join("\n"), /^ameide-secrets: cannot write .*: ENO\w+\n {2}fix: [^\n]*$/);
    }
  }).timeout(30_000);
});

describe("standardInput", () => {
  /** More than a pipe holds: a command that reads it meets an empty pipe before its end. */
  const long = `${"# a line of a document\n".repeat(100_000)}a: 1\n`;

  for (const { args, expected } of [
    { args: ["lint", "-"], expected: { code: 0, message: /^1 document in 1 file/ } },
    { args: ["lint", "--learn", "-"], expected: { code: 0, message: /^# the catalogue knows/ } },
    {
      args: ["move-in", "--stack", "shared", "--terraform", "-"],
      expected: { code: 2, message: /not a Terraform state/ },
    },
  ])
    it(`is read to its end by ${args.join(" ")}, while the program before the pipe still writes`, async () => {
      const { code, out, err } = await runCommand(args, {}, long);
      assert.match(`${out}${err}`, expected.message);
      assert.equal(code, expected.code);
    });
});
