import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../domain/user-error.ts";
import { deleteHome, ensureHome, isHome, lastPortBase, localHome, lockHome, takeHome } from "../../local/home.ts";

describe("localHome", () => {
  const { XDG_STATE_HOME, HOME } = process.env;
  afterEach(() => {
    if (XDG_STATE_HOME === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = XDG_STATE_HOME;
  });

  it("is below XDG_STATE_HOME", () => {
    process.env["XDG_STATE_HOME"] = "/state";
    assert.equal(localHome().dir, "/state/ameide-secrets/local");
  });

  it("ignores an XDG_STATE_HOME that is relative, as the specification asks", () => {
    process.env["XDG_STATE_HOME"] = "state";
    assert.equal(localHome().dir, `${HOME}/.local/state/ameide-secrets/local`);
  });

  it("moves every address with portBase", () => {
    const home = localHome({ dir: "/h", portBase: 31_000 });
    assert.deepEqual(
      [home.vaultUrl, home.kubernetesUrl, home.azureUrl],
      ["http://127.0.0.1:31000", "https://127.0.0.1:31002", "https://127.0.0.1:31008"],
    );
  });
});

describe("a home", () => {
  let parent: string;
  const homeIn = (name = "home") => localHome({ dir: join(parent, name), portBase: 31_000 });

  beforeEach(() => (parent = mkdtempSync(join(tmpdir(), "ameide-secrets-home-"))));
  afterEach(() => rmSync(parent, { recursive: true }));

  describe("ensureHome", () => {
    it("creates folders that only their owner can open", () => {
      const home = homeIn();
      ensureHome(home);
      const folders = [home.dir, ...readdirSync(home.dir).map((name) => join(home.dir, name))];
      const modes = folders.filter((path) => statSync(path).isDirectory()).map((path) => statSync(path).mode & 0o777);
      assert.deepEqual(new Set(modes), new Set([0o700]));
    });

    it("removes the access of other users to a home", () => {
      const home = homeIn();
      ensureHome(home);
      chmodSync(home.dir, 0o755);
      ensureHome(home);
      assert.equal(statSync(home.dir).mode & 0o777, 0o700);
    });

    it("accepts an empty folder", () => {
      const home = homeIn();
      mkdirSync(home.dir);
      ensureHome(home);
      assert.equal(isHome(home), true);
    });

    it("fails for a folder with other content, and does not change it", () => {
      const home = homeIn();
      mkdirSync(home.dir);
      writeFileSync(join(home.dir, "thesis.txt"), "");
      assert.throws(() => ensureHome(home), isUserError("local-home-not-ours"));
      assert.deepEqual(readdirSync(home.dir), ["thesis.txt"]);
    });

    it("fails for a file", () => {
      const home = homeIn();
      writeFileSync(home.dir, "");
      assert.throws(() => ensureHome(home), isUserError("local-home-not-ours"));
    });

    it("replaces its marker file atomically, so that no crash leaves half of one", () => {
      const home = homeIn();
      ensureHome(home);
      const before = statSync(home.marker).ino;
      ensureHome(home);
      assert.notEqual(statSync(home.marker).ino, before);
    });

    it("remembers the ports", () => {
      const home = homeIn();
      assert.equal(lastPortBase(home), undefined);
      ensureHome(home);
      assert.equal(lastPortBase(localHome({ dir: home.dir })), 31_000);
    });
  });

  describe("takeHome", () => {
    const moved = (home: { readonly dir: string }) => localHome({ dir: home.dir, portBase: 32_000 });

    it("creates the home and locks it", () => {
      const home = homeIn();
      const lock = takeHome(home);
      assert.equal(isHome(home), true);
      assert.throws(() => lockHome(home), isUserError("local-home-locked"));
      lock.release();
    });

    it("fails while another start uses it, and does not change its ports", () => {
      const home = homeIn();
      const lock = takeHome(home);
      assert.throws(() => takeHome(moved(home)), isUserError("local-home-locked"));
      assert.equal(lastPortBase(home), 31_000);
      lock.release();
      takeHome(moved(home)).release();
      assert.equal(lastPortBase(home), 32_000);
    });

    it("accepts a folder in which a start was interrupted before it wrote the marker file", () => {
      const home = homeIn();
      mkdirSync(home.dir);
      writeFileSync(home.lock, '{"pid":1');
      writeFileSync(`${home.marker}.${randomUUID()}`, "");
      takeHome(home).release();
      assert.equal(isHome(home), true);
    });

    it("fails for a folder with other content, and leaves no lock in it", () => {
      const home = homeIn();
      mkdirSync(home.dir);
      writeFileSync(join(home.dir, "thesis.txt"), "");
      assert.throws(() => takeHome(home), isUserError("local-home-not-ours"));
      assert.deepEqual(readdirSync(home.dir), ["thesis.txt"]);
    });
  });

  describe("deleteHome", () => {
    it("removes a home", () => {
      const home = homeIn();
      ensureHome(home);
      deleteHome(home);
      assert.equal(existsSync(home.dir), false);
    });

    it("treats a missing home as deleted", () => {
      deleteHome(homeIn("nowhere"));
    });

    it("fails for a folder without our marker file, and does not change it", () => {
      const home = homeIn();
      mkdirSync(home.dir);
      assert.throws(() => deleteHome(home), isUserError("local-home-not-ours"));
      assert.equal(existsSync(home.dir), true);
    });
  });

  describe("lockHome", () => {
    it("fails while another start uses it, naming the process and how to stop it", () => {
      const home = homeIn();
      ensureHome(home);
      const lock = lockHome(home);
      assert.throws(
        () => lockHome(home),
        (error: UserError) =>
          error.code === "local-home-locked" &&
          error.message.startsWith(`process ${process.pid} (`) &&
          error.message.endsWith(`or stop it: kill ${process.pid}`),
      );
      lock.release();
      lockHome(home).release();
    });
  });
});

function isUserError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof UserError && error.code === code;
}
