import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../domain/user-error.ts";
import { defaultRecipesDir } from "../../../local/toolchain/cache.ts";
import { inspectToolchain } from "../../../local/toolchain/inspect.ts";
import { findBuilders } from "../../../local/toolchain/prerequisites.ts";
import { fakeBuilders, type FakeBuilders } from "../../support/fake-builders.ts";

describe("findBuilders", () => {
  let machine: FakeBuilders;
  const find = async () => {
    const { missing } = await inspectToolchain({ path: machine.path, cacheDir: machine.cacheDir });
    return findBuilders(missing, { path: machine.path, recipesDir: defaultRecipesDir() });
  };
  const script = (name: string, text: string) => {
    writeFileSync(join(machine.path, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(machine.path, name), 0o755);
  };
  const fails = (expected: RegExp) => assert.rejects(find(), (error: UserError) => expected.test(error.message));

  beforeEach(() => (machine = fakeBuilders()));
  afterEach(() => machine.close());

  it("finds both on PATH", async () => {
    assert.deepEqual(await find(), { go: join(machine.path, "go"), python: join(machine.path, "python3") });
  });

  it("uses `python` if there is no `python3`", async () => {
    machine.removeExecutable("python3");
    script("python", "exit 0");
    assert.equal((await find()).python, join(machine.path, "python"));
  });

  it("fails for a Python without pip, and says how to get it", async () => {
    script("python3", "exit 1");
    await fails(
      /python3 has no pip, needed to download bao: .*\n {2}fix: install pip \(Debian: apt-get install python3-pip/s,
    );
  });

  it("fails for a Go that is too old to download a newer one", async () => {
    script("go", 'case "$2" in GOVERSION) echo go1.20.14 ;; *) echo auto ;; esac');
    await fails(/go is go1\.20\.14, needed to build .*: expected 1\.26\.0/);
  });

  it("fails for an older Go that may not download a newer one", async () => {
    script("go", 'case "$2" in GOVERSION) echo go1.25.1 ;; *) echo local ;; esac');
    await fails(/go is go1\.25\.1/);
  });

  it("accepts an older Go that downloads the required one", async () => {
    script("go", 'case "$2" in GOVERSION) echo go1.25.1 ;; *) echo auto ;; esac');
    assert.equal((await find()).go, join(machine.path, "go"));
  });

  it("fails for a shim without Go", async () => {
    script("go", "exit 127");
    await fails(/go does not answer "go env"/);
  });

  it("requires only what a missing piece needs", async () => {
    assert.deepEqual(await findBuilders([], { path: "/nowhere", recipesDir: defaultRecipesDir() }), {
      go: undefined,
      python: undefined,
    });
  });
});
