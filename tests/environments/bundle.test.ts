import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import { bundleBootstrap } from "../../environments/bundle.ts";
import { repositoryRoot } from "../../environments/repository.ts";

/** What a ConfigMap holds, all keys together (Kubernetes' own bound). */
const configMapInBytes = 1024 * 1024;

describe("bundleBootstrap", () => {
  it("gives the same bytes in another checkout", async () => {
    const other = mkdtempSync(join(tmpdir(), "ameide-secrets-checkout-"));
    try {
      for (const folder of ["bootstrap", "clients", "domain", "package.json", "tsconfig.json"]) {
        cpSync(join(repositoryRoot, folder), join(other, folder), { recursive: true });
      }
      symlinkSync(join(repositoryRoot, "node_modules"), join(other, "node_modules"));
      const bundle = await bundleBootstrap();
      assert.equal((await bundleBootstrap(other)) === bundle, true);
      assert.equal(bundle.includes(repositoryRoot), false);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it("fits into a ConfigMap together with its configuration", async () => {
    const bytes = Buffer.byteLength(await bundleBootstrap());
    assert.ok(bytes < configMapInBytes * 0.75, `${bytes} bytes`);
  });

  it("is one script without imports of its own", async () => {
    const bundle = await bundleBootstrap();
    new Script(bundle); // throws on what CommonJS cannot hold, such as `import`
    const required = new Set(
      [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name.replace(/^node:/, "")),
    );
    const { builtinModules } = await import("node:module");
    assert.deepEqual(
      [...required].filter((name) => !builtinModules.includes(name)),
      [],
    );
  });
});
