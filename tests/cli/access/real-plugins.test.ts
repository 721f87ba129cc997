import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRealPlugins, formatRealPlugins, realPluginEnv } from "../../../cli/access/real-plugins.ts";
import { UserError } from "../../../domain/user-error.ts";
import { sdkVersion } from "../../../stand-ins/providers/sdk-version.ts";
import { runCommand } from "../../support/command-line.ts";

describe("real plugins", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ameide-plugins-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const pluginFolder = (name: "kubernetes" | "vault", version = sdkVersion(name)) =>
    join(folder, "plugins", `resource-${name}-v${version}`);
  const install = (name: "kubernetes" | "vault", version?: string) => {
    mkdirSync(pluginFolder(name, version), { recursive: true });
    const executable = join(pluginFolder(name, version), `pulumi-resource-${name}`);
    writeFileSync(executable, "#!/bin/sh\n");
    chmodSync(executable, 0o755);
  };
  const missing = () => {
    try {
      findRealPlugins({ PULUMI_HOME: folder }, "/opt/pulumi");
      return [];
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.findings;
    }
  };

  it("fails on each plugin that is not installed, with the command that installs it", () => {
    assert.deepEqual(
      missing().map(({ problem, fix }) => [problem, fix]),
      (["kubernetes", "vault"] as const).map((name) => [
        `the Pulumi plugin ${name} ${sdkVersion(name)} is not installed`,
        `/opt/pulumi plugin install resource ${name} v${sdkVersion(name)}`,
      ]),
    );
  });

  it("fails on another version, and on a download that was cut off: the engine takes neither", () => {
    install("kubernetes", "4.0.0");
    install("vault");
    assert.deepEqual(
      missing().map(({ subject }) => subject),
      ["kubernetes"],
    );
    install("kubernetes");
    assert.deepEqual(missing(), []);
    writeFileSync(`${pluginFolder("vault")}.partial`, "");
    assert.deepEqual(
      missing().map(({ subject }) => subject),
      ["vault"],
    );
  });

  it("leaves azure-native to its loopback provider, and says so", () => {
    install("kubernetes");
    install("vault");
    const found = findRealPlugins({ PULUMI_HOME: folder }, "pulumi");
    assert.deepEqual(realPluginEnv(found, "kubernetes:1,vault:2,azure-native:3", "token"), {
      PULUMI_HOME: folder,
      PULUMI_DEBUG_PROVIDERS: "azure-native:3",
      VAULT_TOKEN: "token",
    });
    assert.match(formatRealPlugins(found), /^kubernetes [\d.]+ and vault [\d.]+ of .*; azure-native is a stand-in$/);
  });

  it("stops local up before anything is started or written", async function () {
    this.timeout(30_000);
    const home = join(folder, "home");
    const { code, out, err } = await runCommand(["local", "up", "--real-plugins", "--home", home], {
      PULUMI_HOME: folder,
    });
    assert.equal(code, 1, err);
    assert.equal(out, "");
    for (const name of ["kubernetes", "vault"] as const) {
      assert.ok(err.includes(`pulumi plugin install resource ${name} v${sdkVersion(name)}`), err);
    }
    assert.equal(existsSync(home), false);
  });
});
