import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../domain/user-error.ts";
import { sdkVersion } from "../../stand-ins/providers/sdk-version.ts";

/** Providers that can serve the local environment themselves. `azure-native` cannot: it has no setting for another Azure. */
const names = ["kubernetes", "vault"] as const;

/** Plugins that the engine starts itself, instead of a loopback provider. */
export interface RealPlugins {
  /** Folder that the engine must use as PULUMI_HOME to find them. */
  readonly pulumiHome: string;
  readonly plugins: readonly { readonly name: (typeof names)[number]; readonly version: string }[];
}

/**
 * Finds the plugins of the providers `kubernetes` and `vault`, each in the version of its SDK in package.json: the engine
 * accepts no other.
 *
 * @param env - PULUMI_HOME is read. @default of PULUMI_HOME - `~/.pulumi`, as of Pulumi itself
 * @param pulumi - executable for the printed commands.
 * @throws UserError with each plugin that is not installed, and the command that installs it.
 */
export function findRealPlugins(env: Readonly<Record<string, string | undefined>>, pulumi: string): RealPlugins {
  const { PULUMI_HOME: set } = env;
  const pulumiHome = set === undefined || set === "" ? join(homedir(), ".pulumi") : set;
  const plugins = names.map((name) => ({ name, version: sdkVersion(name) }));
  const missing = plugins.filter(({ name, version }) => !isInstalled(pulumiHome, name, version));
  if (missing.length === 0) return { pulumiHome, plugins };
  throw UserError.from(
    missing.map(({ name, version }) => ({
      code: "plugin-missing",
      stage: name === "vault" ? "vault" : "external-secret",
      severity: "error",
      where: join(pulumiHome, "plugins"),
      subject: name,
      problem: `the Pulumi plugin ${name} ${version} is not installed`,
      fix: `${pulumi} plugin install resource ${name} v${version}`,
    })),
  );
}

/** As Pulumi lays plugins out; a download that was cut off leaves a file `.partial` next to the folder. */
function isInstalled(pulumiHome: string, name: string, version: string): boolean {
  const folder = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
  try {
    accessSync(join(folder, `pulumi-resource-${name}`), constants.X_OK);
    return !existsSync(`${folder}.partial`);
  } catch {
    return false;
  }
}

/** What an engine needs to use these plugins, and the loopback providers for the rest. @param debugProviders - of all of them */
export function realPluginEnv(
  { pulumiHome, plugins }: RealPlugins,
  debugProviders: string,
  vaultToken: string | undefined,
): Readonly<Record<string, string>> {
  const isReal = (provider: string) => plugins.some(({ name }) => provider.startsWith(`${name}:`));
  return {
    PULUMI_HOME: pulumiHome,
    PULUMI_DEBUG_PROVIDERS: debugProviders
      .split(",")
      .filter((provider) => !isReal(provider))
      .join(","),
    // the real provider reads it; the loopback provider receives it on its standard input
    ...(vaultToken === undefined ? {} : { VAULT_TOKEN: vaultToken }),
  };
}

/** For a person: which providers are real in this run, and which is not. */
export function formatRealPlugins({ pulumiHome, plugins }: RealPlugins): string {
  const real = plugins.map(({ name, version }) => `${name} ${version}`).join(" and ");
  return `${real} of ${join(pulumiHome, "plugins")}; azure-native is a stand-in`;
}
