import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { previewAllOffline } from "../../cli/deploy/offline-preview.ts";
import { importState, pulumiCli } from "../../cli/deploy/engine/state.ts";
import { useEngine } from "../support/engine.ts";

const canary = "canary-7f3a9c";
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: `"${canary}"` };
const urn = "urn:pulumi:dev::ameide-secrets::pulumi:pulumi:Stack::ameide-secrets-dev";

describe("an offline plan against an exported state, under the real engine", function () {
  this.timeout(180_000);
  const engine = useEngine("dev");
  const { TMPDIR } = process.env;
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-offline-state-"))));
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  });

  it("needs no passphrase of the stack, and leaves no file behind", async () => {
    const stack = await engine.open(() => Promise.resolve());
    await importState(stack, {
      version: 3,
      deployment: {
        manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
        resources: [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs: { token: secret } }],
      },
    });
    for (const args of [
      ["stack", "export"],
      ["stack", "export", "--show-secrets"],
    ]) {
      const text = await pulumiCli(stack, args);
      assert.equal(text.includes(canary), args.includes("--show-secrets"));
      const state = join(folder, "state.json");
      writeFileSync(state, text, { mode: 0o600 });
      process.env["TMPDIR"] = mkdtempSync(join(folder, "tmp-"));
      const { signal } = new AbortController();
      const { previews } = await previewAllOffline({ stacks: ["dev"], state, envFiles: [], signal });
      assert.ok((previews[0]?.result.changes.length ?? 0) > 10);
      assert.deepEqual(readdirSync(process.env["TMPDIR"]), []);
      assert.equal(readFileSync(state, "utf8"), text);
    }
  });
});
