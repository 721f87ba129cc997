import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { waitUntil } from "../../local/wait-until.ts";
import { startCommand } from "../support/command-line.ts";

describe("temporary files of a command", function () {
  this.timeout(60_000);
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "ameide-secrets-temporary-"));
    for (const name of ["tmp", "bin", "cache"]) mkdirSync(join(scratch, name));
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  /** A `pulumi` that says when it was called, and then does as reported. */
  const install = (then: string): void => {
    const file = join(scratch, "bin", "pulumi");
    writeFileSync(file, `#!/bin/sh\ntouch ${join(scratch, "called")}\n${then}\n`);
    chmodSync(file, 0o755);
  };
  const start = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    startCommand(["preview", "--offline", "--stack", "dev", ...args], {
      TMPDIR: join(scratch, "tmp"),
      XDG_CACHE_HOME: join(scratch, "cache"),
      PATH: [join(scratch, "bin"), process.env["PATH"]].join(delimiter),
      ...env,
    });
  const left = () => readdirSync(join(scratch, "tmp"));

  it("are gone after a failure", async () => {
    install("exit 1");
    assert.notEqual((await start().ended).code, 0);
    assert.deepEqual(left(), []);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`are gone after ${signal}, also if a second signal does not wait for the engine`, async () => {
      install("exec sleep 5");
      const run = start();
      await waitUntil(async () => existsSync(join(scratch, "called")), { inSeconds: 20, forWhat: "the engine" });
      assert.match(left().join(), /^ameide-secrets-offline-\w{6}$/);
      run.kill(signal);
      const again = setInterval(() => run.kill(signal), 200);
      const { code } = await run.ended;
      clearInterval(again);
      assert.equal(code, 130);
      assert.deepEqual(left(), []);
    });
  }

  it("do not contain values from the engine's logs: an engine that would log them is not started", async () => {
    install("exit 1");
    const { code, err } = await start([], { PULUMI_OPTION_VERBOSE: "9", TF_LOG: "TRACE" }).ended;
    assert.equal(code, 2);
    assert.match(err, /fix: unset PULUMI_OPTION_VERBOSE TF_LOG$/m);
    assert.equal(existsSync(join(scratch, "called")), false);
    assert.deepEqual(left(), []);
  });

  it("do not contain the values of a state that cannot be imported", async () => {
    // `stack import` fails, whatever else is asked of it works
    install('case "$*" in *import*) exit 1;; esac\necho "{}"');
    const state = join(scratch, "state.json");
    writeFileSync(state, JSON.stringify({ version: 3, deployment: { resources: [] } }));
    await start(["--state", state]).ended;
    assert.deepEqual(left(), []);
  });
});
