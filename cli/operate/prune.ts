import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { customMetadataKeys, managedByBootstrap } from "../../domain/bootstrap-config.ts";
import { classify } from "../../domain/catalogue/lookup.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { effectivePrefix, sanitise } from "../../domain/names.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget, type VaultTarget } from "../../domain/vault-target.ts";
import { type Cluster, listAll } from "../../clients/kubernetes.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import { keptToken, vaultCall, vaultStatus, ownVaultToken, type ShortToken } from "../access/vault.ts";
import { openStack } from "../deploy/engine/stack.ts";
import { forgetResources, readResources } from "../deploy/engine/state.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { binariesOf, inspectToolchain } from "../../local/toolchain/inspect.ts";
import { openPlace } from "./place.ts";
import { openRootToken } from "../access/root-token.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import { openCloudStack } from "../deploy/cloud-engine.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { localEngine } from "../deploy/local-chain.ts";
import { keyVaultOf } from "./push.ts";
import { prefixOf } from "./read-values.ts";

/** One place that a retired name was looked for in. */
export interface PruneRow {
  readonly where: "Key Vault" | "state" | "Vault";
  readonly name: string;
  readonly verdict: "goes" | "absent" | "kept";
  /** Why it is kept. */
  readonly reason?: string;
}

export interface PruneOptions {
  /** As the person wrote it; see {@link retiredNames}. */
  readonly names: readonly string[];
  /** Without it nothing is deleted. */
  readonly write: boolean;
  readonly keyVault?: KeyVaultWriter;
  /** The stack that holds values of Key Vault in its state, where one does. */
  readonly stack?: Stack;
  readonly vault?: {
    readonly target: VaultTarget;
    readonly mount: string;
    readonly token: Redacted;
    readonly cluster: Cluster;
  };
}

/**
 * The names under which a retired secret may exist: its own, and with the prefix of Key Vault.
 *
 * @throws UserError for a name that the catalogue does not mark retired.
 */
export function retiredNames(catalogue: Catalogue, name: string, secretPrefix: string | undefined): readonly string[] {
  const { kind } = classify(catalogue, name);
  if (kind !== "retired") {
    throw UserError.of(
      "prune-not-retired",
      `${name} is not retired: the catalogue ${kind === "unknown" ? "does not list it" : `lists it as ${kind}`}`,
      "list it under retired in environments/catalogue.yaml, and get that reviewed",
    );
  }
  const own = sanitise(name);
  return [...new Set([own, `${effectivePrefix(secretPrefix)}${own}`])];
}

/**
 * Lets a retired secret go: into Key Vault's soft delete, out of the stack's state, and its latest version in Vault, which
 * can be undeleted. What another writer made stays.
 *
 * @returns a row for each place, also where nothing was.
 * @throws UserError while an ExternalSecret still reads it.
 */
export async function prune(options: PruneOptions): Promise<readonly PruneRow[]> {
  const { names, keyVault, stack, vault } = options;
  if (vault !== undefined) await refuseReaders(vault.cluster, names);
  return [
    ...(stack === undefined ? [] : await pruneState(stack, options)),
    ...(keyVault === undefined ? [] : await pruneKeyVault(keyVault, options)),
    ...(vault === undefined ? [] : await pruneVault(vault, options)),
  ];
}

/** Before Key Vault: a secret that only state still knows would be made again by the next update. */
async function pruneState(stack: Stack, { names, write }: PruneOptions): Promise<readonly PruneRow[]> {
  const held = (await readResources(stack)).filter(
    ({ type, inputs }) => type === "azure-native:keyvault:Secret" && names.includes(String(inputs?.["secretName"])),
  );
  if (write && held.length > 0) await forgetResources(stack, new Set(held.map(({ urn }) => urn)));
  return rows("state", names, (name) => held.some(({ inputs }) => inputs?.["secretName"] === name));
}

async function pruneKeyVault(keyVault: KeyVaultWriter, { names, write }: PruneOptions): Promise<readonly PruneRow[]> {
  const held = await keyVault.holds(names);
  if (write) for (const name of held) await keyVault.remove(name);
  return rows("Key Vault", names, (name) => held.includes(name));
}

function rows(where: PruneRow["where"], names: readonly string[], isThere: (name: string) => boolean): PruneRow[] {
  return names.map((name) => ({ where, name, verdict: isThere(name) ? "goes" : "absent" }));
}

interface Metadata {
  readonly data: {
    readonly current_version: number;
    readonly custom_metadata: Readonly<Record<string, string>> | null;
    readonly versions: Readonly<Record<string, { readonly deletion_time: string; readonly destroyed: boolean }>>;
  };
}

async function pruneVault(
  { target, mount, token }: NonNullable<PruneOptions["vault"]>,
  { names, write }: PruneOptions,
): Promise<readonly PruneRow[]> {
  const pruned: PruneRow[] = [];
  for (const name of names) {
    const { data } = await vaultCall<Partial<Metadata>>(target, token, "GET", `/v1/${mount}/metadata/${name}`).catch(
      absent,
    );
    const latest = data?.versions[String(data.current_version)];
    if (data === undefined || latest === undefined || latest.deletion_time !== "" || latest.destroyed) {
      pruned.push({ where: "Vault", name, verdict: "absent" });
    } else if (data.custom_metadata?.[customMetadataKeys.managedBy] === managedByBootstrap) {
      if (write) await vaultCall(target, token, "DELETE", `/v1/${mount}/data/${name}`);
      pruned.push({ where: "Vault", name, verdict: "goes" });
    } else {
      const writer = data.custom_metadata?.[customMetadataKeys.managedBy] ?? "nobody says who";
      pruned.push({ where: "Vault", name, verdict: "kept", reason: `not written by vault-bootstrap (${writer})` });
    }
  }
  return pruned;
}

/** Vault answers 404 to a path that never was. */
function absent(error: unknown): Partial<Metadata> {
  if (vaultStatus(error) === 404) return {};
  throw error;
}

interface Reader {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec?: {
    readonly data?: readonly { readonly remoteRef?: { readonly key?: string } }[];
    readonly dataFrom?: readonly { readonly extract?: { readonly key?: string } }[];
  };
}

async function refuseReaders(cluster: Cluster, names: readonly string[]): Promise<void> {
  const all = await listAll<Reader>(cluster, "/apis/external-secrets.io/v1/externalsecrets");
  const readers = all.filter(({ spec }) => {
    const keys = [
      ...(spec?.data ?? []).map(({ remoteRef }) => remoteRef?.key),
      ...(spec?.dataFrom ?? []).map(({ extract }) => extract?.key),
    ];
    return keys.some((key) => key !== undefined && names.includes(sanitise(key)));
  });
  if (readers.length === 0) return;
  const who = readers.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).join(", ");
  throw UserError.of(
    "prune-still-read",
    `${names[0]} is still read by ${who}`,
    "change them to the replacement in the catalogue, then prune",
  );
}

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
      plan.kind === "shared" && plan.values === "state"
        ? { stack: await openCloudStack(stack, plan, { create: false }) }
        : {};
    return prune({ names, write, ...withKeyVault, ...held });
  }
  const place = await openPlace({ ...options, readsValues: true });
  let root: ShortToken | undefined;
  try {
    const { namespace, vault } = place.stack;
    const target = operatorTarget(vault);
    const own = ownVaultToken(stack, process.env);
    const access = own ? keptToken(own) : await openRootToken({ vault: target, cluster: place.cluster, namespace });
    root = access;
    return await prune({
      names,
      write,
      ...withKeyVault,
      ...(stack === "local" ? { stack: await localEngineStack(options) } : {}),
      vault: { target, mount: vault.mount, token: access.token, cluster: place.cluster },
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
    throw UserError.of("toolchain-missing", `pulumi not found in ${state.cacheDir}`, "npm start");
  }
  return openStack({ program: () => Promise.resolve(), ...localEngine(home, binariesOf(state)) });
}
