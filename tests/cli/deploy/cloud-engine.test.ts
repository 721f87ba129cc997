import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { openCloudStack } from "../../../cli/deploy/cloud-engine.ts";
import type { StackPlan } from "../../../domain/plan/environment.ts";
import { UserError } from "../../../domain/user-error.ts";
import { repositoryRoot } from "../../../environments/index.ts";

/** Answers what is asked while a stack is opened: its version, and who is logged in where. */
const engine = `#!/bin/sh
case "$*" in
  version*) echo v3.259.0 ;;
  whoami*) echo '{"user":"a","organizations":[],"url":"https://app.pulumi.com/a"}' ;;
esac
`;

describe("openCloudStack", () => {
  const path = process.env["PATH"];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-cloud-"));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "pulumi"), engine);
    chmodSync(join(bin, "pulumi"), 0o755);
    process.env["PATH"] = [bin, path].join(delimiter);
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  it("lets the engine find Node, after what this machine has installed", async () => {
    const { workspace } = await openCloudStack("dev", {} as StackPlan, { create: true });
    const folders = workspace.envVars["PATH"]?.split(delimiter) ?? [];
    assert.deepEqual(
      [folders[0], folders.at(-1)],
      [join(folder, "bin"), join(repositoryRoot, "local", "pulumi-shims")],
    );
  });

  it("refuses an unsafe state backend first: no stack is created, and the stack file is unchanged", async () => {
    const file = join(repositoryRoot, "Pulumi.dev.yaml");
    const before = readFileSync(file, "utf8");
    writeFileSync(
      join(folder, "bin", "pulumi"),
      `#!/bin/sh
echo "$1 $2" >> "${folder}/calls"
case "$*" in
  version*) echo v3.259.0 ;;
  whoami*) echo '{"user":"a","organizations":[],"url":"file:///home/a"}' ;;
esac
`,
    );
    await assert.rejects(openCloudStack("dev", {} as StackPlan, { create: true }), (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(
        error.findings.map(({ code }) => code),
        ["state-on-one-machine", "state-passphrase"],
      );
      return true;
    });
    assert.doesNotMatch(readFileSync(join(folder, "calls"), "utf8"), /^stack/m);
    assert.equal(readFileSync(file, "utf8"), before);
  });
});
