import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { tryLock } from "../../local/lock.ts";
import { self } from "../../local/process-identity.ts";

describe("tryLock", () => {
  let dir: string;
  let path: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-secrets-lock-"));
    path = join(dir, "lock");
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("acquires a free lock, and leaves nothing else in the folder", () => {
    assert.ok("release" in tryLock(path));
    assert.deepEqual(readdirSync(dir), ["lock"]);
  });

  it("names the live process that holds it", () => {
    tryLock(path);
    assert.deepEqual(tryLock(path), { heldBy: self() });
  });

  it("acquires it again after it was released", () => {
    const lock = tryLock(path);
    assert.ok("release" in lock);
    lock.release();
    assert.ok("release" in tryLock(path));
  });

  it("clears the lock of a process that has ended", () => {
    const { pid } = spawnSync("true");
    writeFileSync(path, JSON.stringify({ pid, startedAt: "long ago" }));
    assert.ok("release" in tryLock(path));
  });

  it("clears the lock of an ended process if another process now has its number", () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: "before this process began" }));
    assert.ok("release" in tryLock(path));
  });

  it("clears a lock file that a crash truncated", () => {
    writeFileSync(path, '{"pid":');
    assert.ok("release" in tryLock(path));
  });

  it("does not remove another process's lock when an old holder releases late", () => {
    const old = tryLock(path);
    assert.ok("release" in old);
    rmSync(path);
    tryLock(path);
    old.release();
    assert.deepEqual(readdirSync(dir), ["lock"]);
  });
});
