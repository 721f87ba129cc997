import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCommand } from "../support/command-line.ts";

describe("the folder of compiled code", () => {
  let scratch: string;
  beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), "ameide-secrets-compiled-"))));
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));
  const own = () => join(scratch, "cache", "ameide-secrets");
  const compiled = () => join(own(), "compiled");
  const environment = () => ({
    XDG_CACHE_HOME: join(scratch, "cache"),
    TMPDIR: join(scratch, "tmp"),
    NODE_COMPILE_CACHE: "",
  });
  const start = () => startCommand(["--version"], environment()).ended;

  it("is not the shared one that Node would use, for the command line and for the pack", async () => {
    mkdirSync(join(scratch, "tmp"));
    await start();
    assert.deepEqual(readdirSync(join(scratch, "tmp")), []);
    assert.equal(readdirSync(compiled()).length, 1);
    rmSync(compiled(), { recursive: true });
    const pack = fileURLToPath(new URL("../../local/pulumi-shims/run-policy-pack.mjs", import.meta.url));
    const cwd = fileURLToPath(new URL("../../policies", import.meta.url));
    const env = { ...process.env, ...environment() };
    const running = spawn(process.execPath, [pack], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
    await once(running.stdout, "data"); // its port
    running.kill();
    assert.deepEqual(readdirSync(join(scratch, "tmp")), []);
    assert.ok(existsSync(compiled()));
  });

  it("is readable by its owner only, and starts empty if others could write to it", async () => {
    await start();
    assert.equal(statSync(compiled()).mode & 0o777, 0o700);
    writeFileSync(join(compiled(), "planted"), "");
    chmodSync(compiled(), 0o777);
    await start();
    assert.equal(statSync(compiled()).mode & 0o777, 0o700);
    assert.equal(existsSync(join(compiled(), "planted")), false);
  });

  it("is not used if it is a link, or in a folder that others can write", async () => {
    const elsewhere = join(scratch, "elsewhere");
    for (const folder of [own(), elsewhere]) mkdirSync(folder, { recursive: true });
    symlinkSync(elsewhere, compiled());
    await start();
    assert.deepEqual(readdirSync(elsewhere), []);
    rmSync(compiled());
    chmodSync(own(), 0o777);
    await start();
    assert.deepEqual(readdirSync(compiled()), []);
  });
});
