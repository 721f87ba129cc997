import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvFiles } from "../../environments/env-files.ts";

describe("readEnvFiles", () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), "ameide-secrets-env-"))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (path: string, text = "A=1\n"): void => writeFileSync(join(root, path), text, { mode: 0o600 });

  it("reads .env and then .env.local, if they exist", () => {
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

  it("reads the named files instead, in that order", () => {
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

  it("reports every named file that does not exist", () => {
    assert.throws(() => readEnvFiles(root, ["one", "two"]), /file one not found[\s\S]*file two not found/);
  });
});
