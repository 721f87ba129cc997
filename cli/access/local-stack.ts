import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import type { LocalHome } from "../../local/home.ts";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writePrivateFile } from "../../local/private-file.ts";
import { AzureClient } from "../../clients/azure.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { LiveConfig } from "../../stand-ins/providers/config.ts";

/** Loads the `local` stack: settings of its stack file, moved to the ports of this home. */
export async function loadLocalStack(home: LocalHome, envFiles: readonly string[]): Promise<EnvironmentStack> {
  const settings = { ...(readStackSettings("local", repositoryRoot) as object), portBase: home.portBase };
  const stack = await load({ stack: "local", settings, envFiles, localHome: home.dir });
  if (stack.kind !== "environment") throw new Error("the local stack must be an environment");
  return stack;
}

/** The tenant and subscription that the Azure stand-in plays: those of the stack file, which `load` checks later. */
export function localAzureAccount(): { readonly tenantId?: string; readonly subscriptionId?: string } {
  const settings = readStackSettings("local", repositoryRoot) as {
    readonly azure?: ReturnType<typeof localAzureAccount>;
  };
  return settings.azure ?? {};
}

export function localAzureUri(home: LocalHome): string {
  return `${home.azureUrl}/`;
}

const samples = [".env.example"];

/** The named files, else those of the last start: a start without names must not put the samples over real values. */
export function dotenvOf(home: LocalHome, named: readonly string[] | undefined): readonly string[] {
  if (named !== undefined) return named;
  const file = fileOf(home);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly string[]) : samples;
}

/** @param files - relative to `root`; another checkout may start the home the next time. */
export function rememberDotenv(home: LocalHome, root: string, files: readonly string[]): void {
  const isDefault = files.length === 1 && files[0] === samples[0];
  writePrivateFile(fileOf(home), JSON.stringify(isDefault ? samples : files.map((path) => resolve(root, path))));
}

function fileOf({ dir }: LocalHome): string {
  return join(dir, "dotenv.json");
}

/** The Azure stand-in of a home, as the person who owns its subscription. */
export function localArm(home: LocalHome): LiveConfig["azure"] {
  return {
    endpoint: home.azureUrl,
    caPem: readFileSync(home.azure.caCertificate, "utf8"),
    operatorToken: readFileSync(home.azure.operatorToken, "utf8").trim(),
  };
}

export function localAzure(home: LocalHome, keyVaultUri: string): AzureClient {
  const { endpoint, caPem, operatorToken } = localArm(home);
  const token = () => Promise.resolve(new Redacted(operatorToken));
  return new AzureClient({ resourceManager: endpoint, keyVaultUri, token, ca: caPem });
}
