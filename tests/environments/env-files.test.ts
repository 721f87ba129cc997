import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvFiles } from "../../environments/env-files.ts";

describe("readEnvFiles", () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), "ameide-secrets-env-"))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (path: string, text = "A=1\n"): void => writeFileSync(join(root, path), text, { mode: 0o600 });
  const git = (folder: string, ...args: readonly string[]): void =>
    void execFileSync("git", args, { cwd: folder, stdio: "ignore" });

  it("reads .env and then .env.local, as far as they are there", () => {
    assert.deepEqual(readEnvFiles(root, undefined), []);
    write(".env.local", "B=2\n");
    write(".env");
    assert.deepEqual(
      readEnvFiles(root, undefined).map(({ path, text }) => [path, text]),
      [
        [".env", "A=1\n"],
        [".env.local", "B=2\n"],
      ],
    );
  });

  it("reads those that are asked for instead, in that order", () => {
    for (const path of [".env", "one", "two"]) write(path);
    assert.deepEqual(
      readEnvFiles(root, ["two", "one"]).map(({ path }) => path),
      ["two", "one"],
    );
  });

  it("gives the permission bits", () => {
    write(".env");
    chmodSync(join(root, ".env"), 0o640);
    assert.deepEqual(
      readEnvFiles(root, undefined).map(({ mode }) => mode),
      [0o640],
    );
  });

  it("tells whether git tracks a file", () => {
    write(".env");
    write(".env.local");
    git(root, "init");
    git(root, "add", ".env");
    assert.deepEqual(
      readEnvFiles(root, undefined).map(({ tracked }) => tracked),
      [true, false],
    );
  });

  it("tells so in another repository too, and through a link", () => {
    const other = join(root, "other");
    mkdirSync(other);
    git(other, "init");
    write("other/secrets");
    git(other, "add", "secrets");
    symlinkSync(join(other, "secrets"), join(root, ".env"));
    assert.deepEqual(
      readEnvFiles(root, [join(other, "secrets"), ".env"]).map(({ tracked }) => tracked),
      [true, true],
    );
  });

  it("takes a file outside any repository for untracked", () => {
    write(".env");
    assert.deepEqual(
      readEnvFiles(root, undefined).map(({ tracked }) => tracked),
      [false],
    );
  });

  describe("where git fails", () => {
    const { GIT_TEST_ASSUME_DIFFERENT_OWNER, PATH } = process.env;
    afterEach(() => {
      process.env["PATH"] = PATH;
      delete process.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"];
      if (GIT_TEST_ASSUME_DIFFERENT_OWNER !== undefined)
        process.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = GIT_TEST_ASSUME_DIFFERENT_OWNER;
    });
    const answers = () => readEnvFiles(root, undefined).map(({ tracked }) => tracked);

    it("does not take a file of a checkout that another user owns, as in a container, for untracked", () => {
      write(".env");
      git(root, "init");
      git(root, "add", ".env");
      process.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"; // git's own seam
      assert.deepEqual(answers(), [
        {
          problem: `fatal: detected dubious ownership in repository at '${realpathSync(root)}'`,
          fix: `git config --global --add safe.directory ${realpathSync(root)}`,
        },
      ]);
    });

    it("does not take a file of a broken repository for untracked", () => {
      write(".env");
      git(root, "init");
      write(".git/index", "broken");
      const [answer] = answers();
      assert.ok(typeof answer === "object");
      assert.match(answer.fix, /^see why this fails: git -C /);
    });

    it("takes a file on a machine without git for untracked", () => {
      write(".env");
      process.env["PATH"] = root;
      assert.deepEqual(answers(), [false]);
    });
  });

  it("fails with every file that is asked for and is not there", () => {
    assert.throws(() => readEnvFiles(root, ["one", "two"]), /there is no file one[\s\S]*there is no file two/);
  });
});
