import { accessSync, constants, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorFinding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { sdkVersion } from "../../stand-ins/providers/config.ts";

type PluginName = "kubernetes" | "vault";

/** Links a provider's executable to where an engine with this PULUMI_HOME finds the plugin; one on PATH would make it warn. */
export function linkPlugin(pulumiHome: string, name: PluginName, executable: string): void {
  const link = pluginIn(pulumiHome, name);
  mkdirSync(join(link, ".."), { recursive: true, mode: 0o700 });
  rmSync(link, { force: true });
  symlinkSync(executable, link);
}

/** The installed plugin `vault`, in PULUMI_HOME of `env`. @throws UserError with the command that installs it. */
export function findVaultPlugin(env: Readonly<Record<string, string | undefined>>, pulumi: string): string {
  const pulumiHome = env["PULUMI_HOME"] || join(homedir(), ".pulumi");
  const executable = pluginIn(pulumiHome, "vault");
  if (isInstalled(executable)) return executable;
  const version = sdkVersion("vault");
  const problem = `the Pulumi plugin vault ${version} is not installed`;
  const fix = `${pulumi} plugin install resource vault v${version}`;
  throw UserError.from([errorFinding("plugin-missing", "vault", "vault", problem, fix, join(pulumiHome, "plugins"))]);
}

function pluginIn(pulumiHome: string, name: PluginName): string {
  return join(pulumiHome, "plugins", `resource-${name}-v${sdkVersion(name)}`, `pulumi-resource-${name}`);
}

/** An interrupted download leaves a file `.partial` next to the folder. */
function isInstalled(executable: string): boolean {
  try {
    accessSync(executable, constants.X_OK);
    return !existsSync(`${join(executable, "..")}.partial`);
  } catch {
    return false;
  }
}
