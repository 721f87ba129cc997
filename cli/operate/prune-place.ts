import { UserError } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { binariesOf, inspectToolchain } from "../../local/toolchain/inspect.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import { openPlace } from "./place.ts";
import { openRootToken } from "../access/root-token.ts";
import { ownVaultToken, type ShortToken } from "../access/vault.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import { openStack } from "../deploy/engine/stack.ts";
import { openCloudStack } from "../deploy/cloud-engine.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { localEngine } from "../deploy/local-chain.ts";
import { prune, retiredNames, type PruneRow } from "./prune.ts";
import { keyVaultOf } from "./push.ts";
import { prefixOf } from "./read-values.ts";

/** `prune` where a stack has something of it: `shared` Key Vault, an environment its Vault, `local` both. */
export async function pruneFor(
  options: LocalHomeFlags & { readonly stack: string; readonly name: string; readonly yes: boolean },
): Promise<readonly PruneRow[]> {
  const { stack, name, yes: write } = options;
  const owner = stack === "local" ? "local" : "shared";
  const names = retiredNames(readCatalogue(), name, prefixOf(owner));
  const withKeyVault = stack === owner ? { keyVault: new KeyVaultWriter(await keyVaultOf(owner, options)) } : {};
  if (stack === "shared") {
    const plan = await loadCloudStack("shared", []);
    const held =
      plan.kind === "shared" && plan.values === "state" ? { stack: await openCloudStack(stack, plan, {}) } : {};
    return prune({ names, write, ...withKeyVault, ...held });
  }
  const place = await openPlace({ ...options, readsValues: true });
  let root: ShortToken | undefined;
  try {
    const { namespace, vault } = place.stack;
    const address = vault.operatorAddress;
    const own = ownVaultToken(stack, process.env);
    const access: ShortToken =
      own === undefined
        ? await openRootToken({ address, cluster: place.cluster, namespace })
        : { token: own, revoke: () => Promise.resolve() };
    root = access;
    return await prune({
      names,
      write,
      ...withKeyVault,
      ...(stack === "local" ? { stack: await localEngineStack(options) } : {}),
      vault: { address, mount: vault.mount, token: access.token, cluster: place.cluster },
    });
  } finally {
    await root?.revoke();
    await place.close();
  }
}

/** The engine on the home's state, without providers: nothing is planned. */
async function localEngineStack(flags: LocalHomeFlags) {
  const home = await homeOf(flags);
  const state = await inspectToolchain();
  if (state.missing.length > 0) {
    throw UserError.of("toolchain-missing", `there is no engine in ${state.cacheDir}`, "npm start");
  }
  return openStack({ stackName: "local", program: () => Promise.resolve(), ...localEngine(home, binariesOf(state)) });
}
