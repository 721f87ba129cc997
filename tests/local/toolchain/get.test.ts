import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheKey, defaultRecipesDir } from "../../../local/toolchain/cache.ts";
import { pieces } from "../../../local/toolchain/pieces.ts";
import { fakeBuilders, type FakeBuilders } from "../../support/fake-builders.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("get", () => {
  let machine: FakeBuilders;
  const get = (...argv: string[]) => {
    const env = { ...process.env, PATH: machine.path, XDG_CACHE_HOME: machine.cacheDir };
    const script = join(root, "local", "toolchain", "get.ts");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...argv], { env, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const folderOf = (name: string) => {
    const piece = pieces.find((one) => one.name === name);
    assert.ok(piece);
    return join(machine.cacheDir, "ameide-secrets", "toolchain", cacheKey(piece, defaultRecipesDir()));
  };
  const builds = () => machine.calls().filter((call) => call.startsWith("go build"));

  beforeEach(() => (machine = fakeBuilders()));
  afterEach(() => machine.close());

  it("installs only what is named, and prints its folder for PATH", () => {
    const { status, stdout } = get("pulumi");
    assert.deepEqual([status, stdout], [0, `${folderOf("pulumi")}\n`]);
    assert.equal(builds().length, 1);
  });

  it("prints the folder of a suitable copy on PATH", () => {
    machine.addExecutable("pulumi", "v3.300.0");
    assert.deepEqual(get("pulumi").stdout, `${machine.path}\n`);
    assert.deepEqual(builds(), []);
  });

  it("fails on an unknown name, listing the known ones", () => {
    const { status, stdout, stderr } = get("pulumi", "helm");
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(
      stderr,
      /^ameide-secrets: the toolchain does not contain helm\n {2}fix: choose from: bao, etcd, .*pulumi\n$/,
    );
  });
});
