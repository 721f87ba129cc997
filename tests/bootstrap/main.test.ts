import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleBootstrap } from "../../environments/bundle.ts";

const root = join(import.meta.dirname, "..", "..");
const limitInBytes = 320 * 1024;

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("the bundle of bootstrap/main.ts", function () {
  this.timeout(30_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-bundle-"));
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  it("fits the ConfigMap with room to spare", async () => {
    const size = Buffer.byteLength(await bundleBootstrap(root));
    assert.ok(size > 100_000 && size <= limitInBytes, `${size} bytes`);
  });

  it("is the same bytes from another checkout", async () => {
    const copy = join(dir, "another", "checkout");
    for (const folder of ["bootstrap", "clients", "domain"])
      cpSync(join(root, folder), join(copy, folder), { recursive: true });
    for (const file of ["package.json", "tsconfig.json"]) cpSync(join(root, file), join(copy, file));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    assert.equal(digestOf(await bundleBootstrap(copy)), digestOf(await bundleBootstrap(root)));
  });

  it("ends with one summary line and its own exit code if the arguments are wrong", async () => {
    const bundle = join(dir, "vault-bootstrap.cjs");
    writeFileSync(bundle, await bundleBootstrap(root));
    const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
      const env = { VAULT_BOOTSTRAP_CONFIG: "/nowhere/config.json" };
      execFile(process.execPath, [bundle], { env }, (error, stdout) => resolve({ code: error?.code, out: stdout }));
    });
    assert.equal(code, 2);
    const lines = out.trimEnd().split("\n");
    assert.equal(lines.length, 1);
    assert.equal((JSON.parse(lines[0] ?? "") as { cause: string }).cause, "bad-configuration");
  });
});
