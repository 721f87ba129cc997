import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findVaultPlugin, linkPlugin } from "../../../cli/access/plugins.ts";
import { UserError } from "../../../domain/user-error.ts";
import { sdkVersion } from "../../../stand-ins/providers/config.ts";
import { runCommand } from "../../support/command-line.ts";

describe("provider plugins", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ameide-plugins-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const pluginFolder = (version = sdkVersion("vault")) => join(folder, "plugins", `resource-vault-v${version}`);
  const install = (version?: string) => {
    mkdirSync(pluginFolder(version), { recursive: true });
    const executable = join(pluginFolder(version), "pulumi-resource-vault");
    writeFileSync(executable, "#!/bin/sh\n");
    chmodSync(executable, 0o755);
    return executable;
  };
  const missing = () => {
    try {
      findVaultPlugin({ PULUMI_HOME: folder }, "/opt/pulumi");
      return [];
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.findings.map(({ problem, fix }) => [problem, fix]);
    }
  };
  const notInstalled = [
    [
      `the Pulumi plugin vault ${sdkVersion("vault")} is not installed`,
      `/opt/pulumi plugin install resource vault v${sdkVersion("vault")}`,
    ],
  ];

  it("fails on a plugin that is missing, of another version or incomplete, with the command that installs it", () => {
    assert.deepEqual(missing(), notInstalled);
    install("7.0.0");
    assert.deepEqual(missing(), notInstalled);
    install();
    assert.deepEqual(missing(), []);
    writeFileSync(`${pluginFolder()}.partial`, "");
    assert.deepEqual(missing(), notInstalled);
  });

  it("links a plugin into the engine's folder, repeatedly", () => {
    const executable = install();
    const pulumiHome = join(folder, "home");
    for (let times = 0; times < 2; times += 1) linkPlugin(pulumiHome, "vault", executable);
    assert.equal(realpathSync(findVaultPlugin({ PULUMI_HOME: pulumiHome }, "pulumi")), realpathSync(executable));
  });

  it("stops local up before anything is started or written", async function () {
    this.timeout(30_000);
    const home = join(folder, "home");
    const { code, out, err } = await runCommand(["local", "up", "--real-plugins", "--home", home], {
      PULUMI_HOME: folder,
    });
    assert.equal(code, 1, err);
    assert.equal(out, "");
    assert.ok(err.includes(`pulumi plugin install resource vault v${sdkVersion("vault")}`), err);
    assert.equal(existsSync(home), false);
  });
});
