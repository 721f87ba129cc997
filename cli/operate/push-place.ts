import { join } from "node:path";
import type { LocalHome } from "../../local/home.ts";
import { operatorCredential } from "../../stand-ins/azure/operator.ts";
import type { KeyVaultPlace } from "../access/key-vault.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import type { Change } from "../deploy/engine/run-log.ts";
import { localArm } from "../access/local-azure.ts";
import { localAzureUri } from "../access/local-stack.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { push, rememberHeld, type PushRow } from "./push.ts";
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
  const { place, memory } = isShared ? { place: await cloudPlace(), memory: {} } : await localPlace(options);
  const rows = await push({
    ...memory,
    place,
    values,
    kept: keptNames(stack, values),
    overwrite,
    write: !isShared || options.yes === true,
  });
  return { isShared, rows };
}

/**
 * After an update that wrote values into the local Key Vault: the next `env push` from here changes them, and is no
 * conflict.
 *
 * @param options.hadFirstStep - whether a first step ran, whose changes are not among `changes`.
 */
export async function rememberLocalUpdate(
  home: LocalHome,
  dotenv: readonly string[],
  { changes, hadFirstStep }: { readonly changes: readonly Change[]; readonly hadFirstStep: boolean },
): Promise<void> {
  const written = new Set(
    changes.flatMap(({ type, object }) => (type === "azure-native:keyvault:Secret" ? [object] : [])),
  );
  if (written.size === 0 && !hadFirstStep) return;
  const values = new Map([...readValues("local", dotenv)].filter(([name]) => hadFirstStep || written.has(name)));
  const { place, memory } = placeIn(home);
  await rememberHeld({ place, values, ...memory });
}

/** The Key Vault of a stack, as the person at the keyboard. */
export async function keyVaultOf(stack: "shared" | "local", flags: LocalHomeFlags): Promise<KeyVaultPlace> {
  return stack === "shared" ? cloudPlace() : (await localPlace(flags)).place;
}

async function cloudPlace(): Promise<KeyVaultPlace> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { azure } = await loadCloudStack("shared", []);
  return { uri: azure.keyVaultUri, credential: new DefaultAzureCredential() };
}

async function localPlace(flags: LocalHomeFlags): Promise<ReturnType<typeof placeIn>> {
  return placeIn(await homeOf(flags));
}

/** What was pushed to the stand-in is forgotten with its home. */
function placeIn(home: LocalHome): { readonly place: KeyVaultPlace; readonly memory: { readonly memory: string } } {
  const place = {
    uri: localAzureUri(home),
    credential: operatorCredential(home.azure.dir),
    // the stand-in's host is no vault.azure.net, and its certificate is its own
    options: { disableChallengeResourceVerification: true, tlsOptions: { ca: localArm(home).caPem } },
  };
  return { place, memory: { memory: join(home.dir, "pushed.json") } };
}
