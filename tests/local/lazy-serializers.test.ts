import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { repositoryRoot } from "../../environments/repository.ts";

/** Runs this in a process of its own, with the SDK loaded as the command line and the pack load it. */
function run(code: string): string {
  const before = `
    import { createRequire } from "node:module";
    import "./local/lazy-serializers.mjs";
    const pulumi = await import("@pulumi/pulumi");
    const { cache } = createRequire(import.meta.url);
    const isLoaded = (name) => Object.values(cache).filter(({ filename }) => filename.includes("/node_modules/" + name + "/")).length > 1;`;
  const args = ["--input-type=module", "--eval", before + code];
  return execFileSync(process.execPath, args, { cwd: repositoryRoot, encoding: "utf8", timeout: 20_000 }).trim();
}

describe("lazy serializers", function () {
  this.timeout(30_000);

  it("loads the SDK without npm's installer and TypeScript", () => {
    const code = `console.log(isLoaded("@npmcli/arborist"), cache[createRequire(import.meta.url).resolve("typescript")].constructor.name, isLoaded("@grpc/grpc-js"));`;
    assert.equal(run(code), "false Object true");
  });

  it("still loads both for a function that is serialised", () => {
    const code = `
      const { text } = await pulumi.runtime.serializeFunction(() => 6 * 7);
      const { Arborist } = createRequire(import.meta.url)("@npmcli/arborist");
      console.log(text.includes("6 * 7"), typeof new Arborist({ path: "." }).loadActual);`;
    assert.equal(run(code), "true function");
  });

  it("still lets a program import TypeScript", () => {
    assert.equal(run(`console.log((await import("typescript")).default.version);`), "6.0.3");
  });
});
