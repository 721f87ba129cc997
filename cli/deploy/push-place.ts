import type { TokenCredential } from "@azure/identity";
import type { KeyVaultPlace } from "../access/key-vault.ts";
import { homeOf, type LocalHomeFlags } from "../commands/local-home-options.ts";
import { localArm } from "./local-azure.ts";
import { localAzureUri } from "./local-stack.ts";
import { loadCloudStack } from "./cloud.ts";
import { push, type PushRow } from "./push.ts";
import { keptNames, readValues } from "./values-at-hand.ts";

/** `env push` for the stack that owns a Key Vault: `shared` on Azure, `local` on this machine. */
export async function pushFor(
  options: LocalHomeFlags & {
    readonly stack: "shared" | "local";
    readonly dotenv?: readonly string[];
    readonly overwrite?: readonly string[];
    readonly yes?: boolean;
  },
): Promise<{ readonly isShared: boolean; readonly rows: readonly PushRow[] }> {
  const { stack, dotenv, overwrite = [] } = options;
  const isShared = stack === "shared";
  const values = readValues(stack, dotenv);
  const place = isShared ? await cloudPlace() : await localPlace(options);
  const rows = await push({
    place,
    values,
    kept: keptNames(stack, values),
    overwrite,
    write: !isShared || options.yes === true,
  });
  return { isShared, rows };
}

async function cloudPlace(): Promise<KeyVaultPlace> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { azure } = await loadCloudStack("shared", []);
  return { uri: azure.keyVaultUri, credential: new DefaultAzureCredential() };
}

async function localPlace(flags: LocalHomeFlags): Promise<KeyVaultPlace> {
  const home = await homeOf(flags);
  const { caPem, operatorToken } = localArm(home);
  const credential: TokenCredential = {
    getToken: () => Promise.resolve({ token: operatorToken, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return {
    uri: localAzureUri(home),
    credential,
    // the stand-in's host is no vault.azure.net, and its certificate is its own
    options: { disableChallengeResourceVerification: true, tlsOptions: { ca: caPem } },
  };
}
