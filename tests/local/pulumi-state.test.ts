import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../domain/user-error.ts";
import { localHome, type LocalHome } from "../../local/home.ts";
import { hasVaultObjects, requireSpace, restoreState } from "../../local/pulumi-state.ts";

describe("the state of the local stack", () => {
  let home: LocalHome;
  beforeEach(() => (home = localHome({ dir: mkdtempSync(join(tmpdir(), "pulumi-state-")) })));
  afterEach(() => rmSync(home.dir, { recursive: true }));

  const path = (file: string) => join(home.pulumi.stateDir, ".pulumi", file);
  const state = "stacks/ameide-secrets/local.json";
  const history = (nanoseconds: string) => `history/ameide-secrets/local/local-${nanoseconds}.checkpoint.json`;
  const write = (file: string, text: string) => {
    mkdirSync(dirname(path(file)), { recursive: true });
    writeFileSync(path(file), text);
  };
  const whole = (...types: readonly string[]) =>
    JSON.stringify({ version: 3, checkpoint: { latest: { resources: types.map((type) => ({ type })) } } });
  const truncated = whole("vault:index/mount:Mount").slice(0, 40);

  it("is not changed if it is complete, or if there is none", () => {
    assert.equal(restoreState(home), undefined);
    write(state, whole());
    write(`${state}.bak`, whole("old"));
    assert.equal(restoreState(home), undefined);
    assert.equal(readFileSync(path(state), "utf8"), whole());
  });

  it("is restored from the copy before the last write, with its attributes", () => {
    for (const cut of [truncated, "", "null"]) {
      write(state, cut);
      write(`${state}.bak`, whole("a"));
      write(`${state}.bak.attrs`, "of the copy");
      write(history("1796005447664514537"), whole("b"));
      assert.equal(restoreState(home), path(`${state}.bak`));
      assert.equal(readFileSync(path(state), "utf8"), whole("a"));
      assert.equal(readFileSync(path(`${state}.attrs`), "utf8"), "of the copy");
    }
  });

  it("is restored from the newest complete update if that copy is truncated too", () => {
    write(state, truncated);
    write(`${state}.bak`, truncated);
    write(`${state}.attrs`, "of the cut one");
    write(history("99"), whole("older, by a shorter number"));
    write(history("1796005447664514537"), whole("newest whole"));
    write(history("1796006272602385422"), truncated);
    assert.equal(restoreState(home), path(history("1796005447664514537")));
    assert.equal(readFileSync(path(state), "utf8"), whole("newest whole"));
    assert.equal(existsSync(path(`${state}.attrs`)), false);
  });

  it("starts empty if the first update was interrupted: there is no other state", () => {
    write(state, truncated);
    assert.equal(restoreState(home), "none");
    assert.equal(existsSync(path(state)), false);
  });

  it("reports whether anything was created in Vault, also for a state that cannot be read", () => {
    assert.equal(hasVaultObjects(home), false);
    write(state, whole("kubernetes:core/v1:ConfigMap"));
    assert.equal(hasVaultObjects(home), false);
    write(state, whole("kubernetes:core/v1:ConfigMap", "vault:index/mount:Mount"));
    assert.equal(hasVaultObjects(home), true);
    write(state, truncated);
    assert.equal(hasVaultObjects(home), true);
  });

  it("refuses a start on a disk that is almost full, with the folder and the free space", () => {
    requireSpace(home);
    assert.throws(
      () => requireSpace(home, 12),
      (error) => error instanceof UserError && error.code === "disk-full" && /12 MB left.*df -h/s.test(error.message),
    );
  });
});
