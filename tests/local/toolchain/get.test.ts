import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
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

  it("gets what is named and nothing else, and prints its folder for a PATH", () => {
    const { status, stdout } = get("pulumi");
    assert.deepEqual([status, stdout], [0, `${folderOf("pulumi")}\n`]);
    assert.equal(builds().length, 1);
  });

  it("prints the folder of a copy on PATH that will do, but not where it must be the pinned one", () => {
    machine.addExecutable("pulumi", "v3.300.0");
    assert.deepEqual(get("pulumi").stdout, `${machine.path}\n`);
    assert.deepEqual(builds(), []);
    assert.deepEqual(get("--pinned", "pulumi").stdout, `${folderOf("pulumi")}\n`);
  });

  it("fails on a name that the toolchain does not have, naming those that it has", () => {
    const { status, stdout, stderr } = get("pulumi", "helm");
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(
      stderr,
      /^ameide-secrets: the toolchain does not contain helm\n {2}fix: choose from: bao, etcd, .*pulumi\n$/,
    );
  });
});

describe("the workflows' Pulumi", () => {
  interface Step {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, string>>;
  }
  const text = readFileSync(join(root, ".github", "actions", "pulumi", "action.yml"), "utf8");
  const { runs } = parse(text) as { readonly runs: { readonly steps: readonly Step[] } };
  const pulumi = pieces.find(({ name }) => name === "pulumi");

  it("is the pinned piece, which is built anew when its pins change", () => {
    assert.equal(runs.steps.filter(({ run = "" }) => run.includes("get.ts --pinned pulumi >> ")).length, 1);
    const cache = runs.steps.find(({ uses = "" }) => uses.startsWith("actions/cache@"));
    assert.equal(cache?.with?.["path"], "~/.cache/ameide-secrets/toolchain/pulumi-*");
    assert.match(
      cache?.with?.["key"] ?? "",
      /hashFiles\('local\/toolchain\/pulumi\/\*', 'local\/toolchain\/pieces\.ts'\)/,
    );
  });

  it("is nowhere fetched in another way, and every action is pinned to a commit", () => {
    const files = readdirSync(join(root, ".github"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".yml"))) {
      const lines = readFileSync(join(root, ".github", file), "utf8").split("\n");
      const loose = (line: string) => /\buses: (?!\.\/|\S+@[0-9a-f]{40} # v)/.test(line) && !line.startsWith("#");
      assert.deepEqual(
        lines.filter((line) => loose(line) || /\b(curl|wget|get\.pulumi\.com)\b/.test(line)),
        [],
        file,
      );
    }
  });

  it("has the engine of the SDK's own version, by its lock files as by its name", () => {
    const file = readFileSync(join(root, "package.json"), "utf8");
    const { dependencies } = JSON.parse(file) as { readonly dependencies: Readonly<Record<string, string>> };
    assert.equal(dependencies["@pulumi/pulumi"], pulumi?.version);
    const lock = readFileSync(join(root, "local", "toolchain", "pulumi", "go.mod"), "utf8");
    assert.ok(lock.includes(`github.com/pulumi/pulumi/pkg/v3 v${pulumi?.version ?? ""}`));
  });
});
