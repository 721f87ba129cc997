import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { customMetadataKeys, managedByBootstrap } from "../../domain/bootstrap-config.ts";
import { classify } from "../../domain/catalogue/lookup.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { pathBelowMount, effectivePrefix, sanitise } from "../../domain/names.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget, type VaultTarget } from "../../domain/vault-target.ts";
import { type Cluster, listAll } from "../../clients/kubernetes.ts";
import { keysOf, type ExternalSecret } from "../access/external-secrets.ts";
import { KeyVaultWriter } from "../access/key-vault.ts";
import { vaultCall, vaultStatus } from "../access/vault.ts";
import { openStack } from "../deploy/engine/stack.ts";
import { forgetResources, readResources } from "../deploy/engine/state.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { binariesOf, inspectToolchain } from "../../local/toolchain/inspect.ts";
import { withOperatorToken, withConnectedStack } from "./connected-stack.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import { openCloudStack } from "../deploy/cloud-engine.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { localEngine } from "../deploy/local-engine.ts";
import { keyVaultOf } from "./push.ts";
import { prefixOf } from "./read-values.ts";

export interface PruneRow {
  readonly where: "Key Vault" | "state" | "Vault";
  readonly name: string;
  readonly verdict: "goes" | "absent" | "kept";
  readonly reason?: string;
}

export interface PruneOptions {
  /** As the person wrote it; see {@link retiredNames}. */
  readonly names: readonly string[];
  /** Without it nothing is deleted. */
  readonly write: boolean;
  readonly keyVault?: KeyVaultWriter | undefined;
  /** The stack that holds values of Key Vault in its state, where one does. */
  readonly stack?: Stack | undefined;
  readonly vault?: {
    readonly target: VaultTarget;
    readonly mount: string;
    readonly token: Redacted;
    readonly cluster: Cluster;
  };
}

/** A secret's own name, and with Key Vault's prefix. @throws UserError for a name that is not retired in the catalogue. */
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
 * Deletes a retired secret: into Key Vault's soft delete, out of the stack's state, and its latest version in Vault,
 * which can be undeleted. A Vault secret of another writer stays. Returns a row for each place and name, also where
 * nothing was found.
 *
 * @throws UserError while an ExternalSecret still reads it.
 */
export async function prune({ names, write, keyVault, stack, vault }: PruneOptions): Promise<readonly PruneRow[]> {
  if (vault !== undefined) await refuseReaders(vault, names);
  const rows: PruneRow[] = [];
  const found = (where: PruneRow["where"], held: readonly string[]) =>
    rows.push(...names.map((name) => ({ where, name, verdict: held.includes(name) ? ("goes" as const) : ("absent" as const) }))); // prettier-ignore
  // before Key Vault: the next update would create again what only the state still has
  if (stack !== undefined) {
    const resources = await readResources(stack);
    const nameOf = ({ type, inputs }: (typeof resources)[number]) =>
      type === "azure-native:keyvault:Secret" ? String(inputs?.["secretName"]) : "";
    const held = resources.filter((resource) => names.includes(nameOf(resource)));
    if (write && held.length > 0) await forgetResources(stack, new Set(held.map(({ urn }) => urn)));
    found("state", held.map(nameOf)); // prettier-ignore
  }
  if (keyVault !== undefined) {
    const held = await keyVault.holds(names);
    if (write) for (const name of held) await keyVault.remove(name);
    found("Key Vault", held);
  }
  if (vault !== undefined) for (const name of names) rows.push(await pruneVault(vault, name, write));
  return rows;
}

interface Metadata {
  readonly current_version: number;
  readonly custom_metadata: Readonly<Record<string, string>> | null;
  readonly versions: Readonly<Record<string, { readonly deletion_time: string; readonly destroyed: boolean }>>;
}

async function pruneVault(
  { target, mount, token }: NonNullable<PruneOptions["vault"]>,
  name: string,
  write: boolean,
): Promise<PruneRow> {
  const path = `/v1/${mount}/metadata/${name}`;
  const { data } = await vaultCall<{ data?: Metadata }>(target, token, "GET", path).catch((error: unknown) => {
    if (vaultStatus(error) === 404) return { data: undefined }; // a path that never existed
    throw error;
  });
  const latest = data?.versions[String(data.current_version)];
  if (latest === undefined || latest.deletion_time !== "" || latest.destroyed)
    return { where: "Vault", name, verdict: "absent" };
  const writer = data?.custom_metadata?.[customMetadataKeys.managedBy];
  if (writer !== managedByBootstrap) {
    const reason = `not written by vault-bootstrap (${writer ?? "unknown writer"})`;
    return { where: "Vault", name, verdict: "kept", reason };
  }
  if (write) await vaultCall(target, token, "DELETE", `/v1/${mount}/data/${name}`);
  return { where: "Vault", name, verdict: "goes" };
}

async function refuseReaders(
  { cluster, mount }: NonNullable<PruneOptions["vault"]>,
  names: readonly string[],
): Promise<void> {
  const all = await listAll<ExternalSecret>(cluster, "/apis/external-secrets.io/v1/externalsecrets");
  const readers = all.filter((one) => keysOf(one).some((key) => names.includes(sanitise(pathBelowMount(key, mount)))));
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
  const keyVault = stack === owner ? new KeyVaultWriter(await keyVaultOf(owner, options)) : undefined;
  if (stack === "shared") {
    const plan = await loadCloudStack(stack, []);
    const hasValues = plan.kind === "shared" && plan.values === "state";
    const state = hasValues ? await openCloudStack(stack, plan, { create: false }) : undefined;
    return prune({ names, write, keyVault, stack: state });
  }
  return withConnectedStack({ ...options, readsValues: true }, (connected) =>
    withOperatorToken(connected, undefined, async (token) => {
      const { cluster, stack: { vault } } = connected; // prettier-ignore
      const state = stack === "local" ? await localEngineStack(options) : undefined;
      const where = { target: operatorTarget(vault), mount: vault.mount, token, cluster };
      return prune({ names, write, keyVault, stack: state, vault: where });
    }),
  );
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
