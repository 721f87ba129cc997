import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../environments/repository.ts";
import { bundlePack } from "../../policies/bundle.ts";

describe("bundlePack", function () {
  this.timeout(60_000);
  let folder = "";
  before(() => {
    // below node_modules, where `npm install` in the folder would put the two packages that it asks for
    const cache = join(repositoryRoot, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    folder = join(mkdtempSync(join(cache, "pack-")), "policies");
  });
  after(() => rmSync(dirname(folder), { recursive: true, force: true }));

  it("writes a pack that starts on its own, without this repository, and with a broken file of another stack", async () => {
    await bundlePack(folder);
    writeFileSync(join(dirname(folder), "Pulumi.local.yaml"), "config: [not closed");
    assert.deepEqual(readdirSync(folder).toSorted(), [
      "PulumiPolicy.yaml",
      "catalogue.yaml",
      "index.mjs",
      "package.json",
    ]);
    // Pulumi's own, as its plugin starts it
    const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const child = spawn(process.execPath, [runner, "127.0.0.1:1", "."], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    child.kill();
    assert.match(port.toString(), /^\d+\n$/);
  });

  it("is the only folder that can be published: `npm pack` of `pulumi policy publish` refuses the source", () => {
    // npm hands its own settings to what it runs; a person who publishes has none of this repository's
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
    const pack = (cwd: string) =>
      spawnSync("npm", ["pack", "--dry-run", "--loglevel=error"], { cwd, env, encoding: "utf8" });
    const refused = pack(join(repositoryRoot, "policies"));
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /fix: node bundle\.ts \S+ && cd \S+ && npm install && pulumi policy publish/);
    assert.equal(pack(folder).status, 0);
  });
});
