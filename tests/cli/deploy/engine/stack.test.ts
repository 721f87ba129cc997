import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStack } from "../../../../cli/deploy/engine/stack.ts";

describe("openStack", function () {
  this.timeout(30_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-stack-"))));
  after(() => rmSync(folder, { recursive: true }));

  it("asks an executable for its version once, and starts nothing after an update", async () => {
    const calls = join(folder, "calls");
    const executable = join(folder, "bin", "pulumi");
    mkdirSync(join(folder, "bin"));
    writeFileSync(executable, `#!/bin/sh\necho "$1 $2" >> ${calls}\n[ "$1" = version ] && echo v3.259.0\nexit 0\n`);
    chmodSync(executable, 0o755);
    const setup = { stackName: "dev", program: () => Promise.resolve(), workDir: folder, pulumi: executable, env: {} };
    for (const time of ["first", "second"]) await (await openStack({ ...setup, stateDir: join(folder, time) })).up();
    const called = readFileSync(calls, "utf8").trim().split("\n");
    assert.deepEqual(called.map((line) => line.trim()), ["version", "stack select", "up --yes", "stack select", "up --yes"]); // prettier-ignore
  });
});
