import assert from "node:assert/strict";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gitTracks, readGitIndex } from "../../environments/git-tracked.ts";
import { startCommand } from "../support/command-line.ts";

describe("gitTracks", () => {
  let root: string;
  beforeEach(() => (root = realpathSync(mkdtempSync(join(tmpdir(), "ameide-secrets-git-")))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const git = (folder: string, ...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always", ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  const write = (path: string, text = "A=1\n"): string => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const tracks = (path: string) => gitTracks(join(root, path));

  it("recognises a tracked file of this folder, of another repository and through a link", () => {
    git(root, "init");
    for (const path of [".env", ".env.local", "other/secrets"]) write(path);
    git(join(root, "other"), "init");
    git(join(root, "other"), "add", "secrets");
    git(root, "add", ".env");
    symlinkSync(join(root, "other", "secrets"), join(root, "link"));
    assert.deepEqual([".env", ".env.local", "other/secrets", "link"].map(tracks), [true, false, true, true]);
  });

  it("treats a file outside any repository, and one of a repository without an index, as untracked", () => {
    write(".env");
    assert.equal(tracks(".env"), false);
    git(root, "init");
    assert.equal(tracks(".env"), false);
  });

  /** A folder with `.env` that is a bare repository as well: git runs the command in its configuration. */
  const setTrap = (folder: string): string => {
    const at = join(root, folder);
    git(root, "init", "--bare", at);
    write(`${folder}/.env`);
    write(`${folder}/refs/kept`); // git commits no empty folder
    git(at, "--git-dir=.", "--work-tree=.", "add", "--force", "config");
    const ran = join(root, "ran");
    const core = `[core]\n\trepositoryformatversion = 0\n\tworktree = .\n\tfsmonitor = "touch ${ran}; false"\n`;
    writeFileSync(join(at, "config"), core);
    git(at, "ls-files");
    assert.equal(existsSync(ran), true, "the trap works");
    rmSync(ran);
    return ran;
  };

  it("runs nothing that a bare repository in the checked folder configures, and finds the repository around it", () => {
    git(root, "init");
    const ran = setTrap("app");
    git(root, "add", "--force", "app/.env");
    rmSync(ran, { force: true });
    assert.equal(tracks("app/.env"), true);
    assert.equal(existsSync(ran), false);
  });

  it("runs nothing in `lint` and `env check`", async () => {
    const ran = setTrap("app");
    await startCommand(["lint", join(root, "app")]).ended;
    await startCommand(["env", "check", "--stack", "dev", "--dotenv", join(root, "app", ".env")]).ended;
    assert.equal(existsSync(ran), false);
  });

  it("supports worktrees and submodules", () => {
    const main = join(root, "main");
    write("main/.env");
    git(main, "init");
    git(main, "add", ".env");
    git(main, "commit", "--message", "one");
    git(main, "worktree", "add", "../tree");
    git(root, "init", "outer");
    git(join(root, "outer"), "submodule", "add", main, "sub");
    write("outer/sub/new");
    write("tree/new");
    const paths = ["tree/.env", "tree/new", "outer/sub/.env", "outer/sub/new"];
    assert.deepEqual(paths.map(tracks), [true, false, true, false]);
  });

  it("supports conflicts, intent-to-add and skip-worktree entries", () => {
    git(root, "init");
    for (const path of ["intended", "skipped", "base"]) write(path);
    git(root, "add", "skipped", "base");
    git(root, "commit", "--message", "one");
    git(root, "checkout", "-b", "side");
    write("both", "side");
    git(root, "add", "both");
    git(root, "commit", "--message", "side");
    git(root, "checkout", "-");
    write("both", "main");
    git(root, "add", "both");
    git(root, "commit", "--message", "main");
    assert.throws(() => git(root, "merge", "side"));
    git(root, "add", "--intent-to-add", "intended");
    git(root, "update-index", "--skip-worktree", "skipped");
    assert.deepEqual(["both", "intended", "skipped"].map(tracks), [true, true, true]);
  });

  it("reads an index with SHA-256", () => {
    git(root, "init", "--object-format=sha256");
    for (const path of [".env", "new"]) write(path);
    git(root, "add", ".env");
    assert.deepEqual([".env", "new"].map(tracks), [true, false]);
  });

  it("reports for a split index only what is certain", () => {
    git(root, "init");
    for (const path of ["old", "removed", "new", "never"]) write(path);
    // git starts a new base where a fifth of it has changed
    const others = Array.from({ length: 30 }, (_, index) => `other-${index}`);
    for (const path of others) write(path);
    git(root, "add", "old", "removed", ...others);
    git(root, "update-index", "--split-index");
    git(root, "rm", "--cached", "removed");
    git(root, "add", "new");
    assert.deepEqual(["new", "never"].map(tracks), [true, false]);
    const answer = tracks("removed");
    assert.ok(typeof answer === "object");
    assert.match(answer.problem, /is split/);
    const [, ...fix] = answer.fix.split(" ");
    git(root, ...fix);
    assert.deepEqual(["old", "removed", "new", "never"].map(tracks), [true, false, true, false]);
  });

  it("reports unknown for a folder that a sparse index leaves out", () => {
    git(root, "init");
    for (const path of ["in/a", "out/.env"]) write(path);
    git(root, "add", ".");
    git(root, "commit", "--message", "one");
    git(root, "sparse-checkout", "init", "--cone", "--sparse-index");
    git(root, "sparse-checkout", "set", "in");
    write("out/.env");
    assert.equal(tracks("in/a"), true);
    const answer = tracks("out/.env");
    assert.ok(typeof answer === "object");
    assert.match(answer.problem, /is sparse/);
  });

  it("does not treat a file of a damaged repository as untracked", () => {
    write(".env");
    git(root, "init");
    git(root, "add", ".env");
    const whole = readFileSync(join(root, ".git", "index"));
    const cut = [0, 8, 40, 80, whole.length - 21].map((length) => whole.subarray(0, length));
    for (const bytes of [...cut, Buffer.from("broken"), Buffer.from(`DIRC${"\0".repeat(40)}`)]) {
      writeFileSync(join(root, ".git", "index"), bytes);
      const answer = tracks(".env");
      assert.ok(typeof answer === "object", `${bytes.length} bytes`);
      assert.match(answer.fix, /^write it again, if you trust this repository: rm \S+index && git -C \S+ reset$/);
    }
  });

  it("reads what the real git writes, in every version, with any names", () => {
    const part = fc
      .stringMatching(/^[a-zA-Z0-9 äß'"$\n._-]{1,24}$/)
      .filter((name) => !/^\.{1,2}$|^\.git|^git~/i.test(name));
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    git(root, "init");
    const blob = git(root, "hash-object", "-w", "--stdin");
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), fc.constantFrom(2, 3, 4), (paths, version) => {
        rmSync(join(root, ".git", "index"), { force: true });
        const entries = paths.map((name) => `100644 ${blob.trim()}\t${name}\0`).join("");
        execFileSync("git", ["update-index", "-z", "--index-version", String(version), "--index-info"], {
          cwd: root,
          input: entries,
        });
        const known = git(root, "ls-files", "-z").split("\0").slice(0, -1);
        if (known.length === 0) return;
        const { paths: read } = readGitIndex(readFileSync(join(root, ".git", "index")), 20);
        assert.deepEqual([...read], known);
      }),
      { numRuns: 40 },
    );
  }).timeout(60_000);
});
