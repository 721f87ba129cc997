import { vaultAddressOf, type CloudEnvironment } from "./vault-place.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { type StackClaim, federatedSubject } from "../domain/plan/stack-check.ts";
import { environmentSettings, sharedSettings, type EnvironmentSettings, type SharedSettings } from "./settings.ts";
import { parseSettings, readStackSettings } from "./stack-file.ts";
import { stackFileName } from "./repository.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { namespaceOf } from "../domain/names.ts";

export interface LoadInput {
  /** `shared`, `dev`, `staging`, `prod` or `local`. */
  readonly stack: string;
  /** The raw object under `ameide-secrets:settings`. */
  readonly settings: unknown;
  /** Folder of the stacks' files and of `.env`. @default - the repository that this program runs from */
  readonly root?: string;
  /** Path of another catalogue. @default - the one of this repository */
  readonly catalogue?: string;
  /** Files of `.env` form, relative to `root`. @default - `.env` and `.env.local`, if they exist */
  readonly envFiles?: readonly string[];
  /** Plans without a cloud, a cluster or the local environment's certificates. @default false */
  readonly offline?: boolean;
  /** Folder of the local environment, with its certificates; `local` only. */
  readonly localHome?: string;
  /** VAULT_ADDR, if the settings leave `vault.operatorAddress` out. */
  readonly vaultAddress?: string;
  /** VAULT_CACERT: a PEM file that this machine trusts for Vault, if the settings leave `vault.caFile` out. */
  readonly vaultCaFile?: string;
  /** VAULT_NAMESPACE, which the provider would read: refused where the settings say something else. */
  readonly vaultNamespace?: string;
}

/** What every kind of stack is loaded from. */
export interface LoadContext extends Omit<LoadInput, "root" | "offline" | "catalogue"> {
  readonly root: string;
  readonly offline: boolean;
  readonly catalogue: Catalogue;
}

export type StackName = "shared" | "local" | CloudEnvironment;

/**
 * The shared stack's settings: an environment uses what they name.
 *
 * @param errors - every mistake is added here.
 */
export function readShared(name: string, root: string, errors: Finding[]): SharedSettings | undefined {
  const raw = readStackSettings("shared", root);
  if (raw !== undefined) return parseSettings(sharedSettings, raw, "shared", root, errors);
  const file = stackFileName("shared");
  const problem = `${name} uses the Key Vault and the identity of the shared stack, but ${file} does not exist`;
  const fix = `restore ${file} from the repository, then: ameide-secrets up --stack shared`;
  errors.push(errorFinding("settings-shared-missing", "key-vault", "shared", problem, fix, file));
  return undefined;
}

/**
 * What every environment in Azure claims, in the environments' order. `local` has an identity, a cluster and a Vault of
 * its own, so it is not among them; a stack with invalid settings is left out, since loading it reports them.
 *
 * @param own - the stack that is being loaded; its settings may come from elsewhere than its file.
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
    vault: {
      address: vaultAddressOf(name, vault),
      mount: vault.mount,
      authMount: vault.authMount,
      ...(vault.namespace !== undefined && { namespace: vault.namespace }),
    },
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
export function readVaultPlaces(root: string): Readonly<Partial<Record<string, StackClaim["vault"]>>> {
  return Object.fromEntries(readClaims(root).map(({ environment, vault }) => [environment, vault]));
}
