import { federatedSubject } from "../domain/plan/federation.ts";
import type { StackClaim } from "../domain/plan/stack-check.ts";
import { environmentNames, type EnvironmentName } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { environmentSettings, type EnvironmentSettings, type VaultSettings } from "./settings.ts";
import { readStackSettings, stackFileName } from "./stack-file.ts";
import { namespaceOf, vaultServerName, serviceHosts } from "../domain/names.ts";

export type CloudEnvironment = Exclude<EnvironmentName, "local">;

/** Address of an environment's Vault, as pods reach it. */
export function vaultAddressOf(name: EnvironmentName, vault: VaultSettings): string {
  const { address, statefulSet = vaultServerName(name), kubernetesNamespace = namespaceOf(name) } = vault;
  const [, , host] = serviceHosts(statefulSet, kubernetesNamespace);
  return address ?? `${hasOwnCa(vault) ? "https" : "http"}://${host}:8200`;
}

export function hasOwnCa({ caFile, caFrom }: VaultSettings): boolean {
  return caFile !== undefined || caFrom !== undefined;
}

/** Near ends of the ways to each environment's Vault. */
const operatorPorts: Readonly<Record<CloudEnvironment, number>> = { dev: 18_200, staging: 18_210, prod: 18_220 };

/**
 * Where this machine reaches an environment's Vault, where no setting says it: the near end of a port-forward. One port
 * each: at one that all share, whoever works on two environments at once would meet the other's Vault, with the keys of this
 * one in hand.
 */
export function defaultOperatorAddress(name: CloudEnvironment, podAddress: string): string {
  return `${new URL(podAddress).protocol}//127.0.0.1:${operatorPorts[name]}`;
}

/**
 * What every environment in Azure claims, in the environments' order. `local` has an identity, a cluster and a Vault of
 * its own, so it is not among them; a stack whose settings are broken is left out, since its own load says so.
 *
 * @param own - the stack that is being loaded, whose settings may come from elsewhere than its file.
 */
export function readClaims(
  root: string,
  own?: { readonly name: CloudEnvironment; readonly settings: unknown },
): readonly StackClaim[] {
  return environmentNames
    .filter((name) => name !== "local")
    .flatMap((name) => {
      const raw = own?.name === name ? own.settings : rawSettings(name, root);
      const parsed = environmentSettings.safeParse(raw);
      return parsed.success ? [claimOf(name, parsed.data)] : [];
    });
}

function claimOf(name: CloudEnvironment, settings: EnvironmentSettings): StackClaim {
  const { cluster, vault, additionalNamespaces, registry } = settings;
  return {
    environment: name,
    where: stackFileName(name),
    oidcIssuer: cluster.oidcIssuer,
    context: cluster.context,
    namespaces: [...new Set([namespaceOf(name), ...additionalNamespaces, ...registry.additionalNamespaces])],
    vaultAddress: vaultAddressOf(name, vault),
    ...(vault.namespace === undefined ? {} : { vaultNamespace: vault.namespace }),
    vaultMount: vault.mount,
    vaultAuthMount: vault.authMount,
    federated: federatedSubject(name, cluster.oidcIssuer),
  };
}

function rawSettings(name: CloudEnvironment, root: string): unknown {
  try {
    return readStackSettings(name, root);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Where the Vault of each environment in Azure is, by its stack file; without those that have no file or a broken one. */
export function readVaultPlaces(
  root: string,
): Readonly<
  Partial<Record<EnvironmentName, { address: string; namespace?: string; mount: string; authMount: string }>>
> {
  return Object.fromEntries(
    readClaims(root).map(({ environment, vaultAddress, vaultNamespace, vaultMount, vaultAuthMount }) => [
      environment,
      {
        address: vaultAddress,
        mount: vaultMount,
        authMount: vaultAuthMount,
        ...(vaultNamespace === undefined ? {} : { namespace: vaultNamespace }),
      },
    ]),
  );
}
