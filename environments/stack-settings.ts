import { vaultAddressOf, type CloudEnvironment } from "./vault-place.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { checkStacks, type StackClaim, federatedSubject } from "../domain/plan/stack-check.ts";
import {
  environmentSettings,
  localSettings,
  sharedSettings,
  type EnvironmentSettings,
  type LocalSettings,
  type SharedSettings,
} from "./settings.ts";
import { parseSettings, readStackSettings, type ParsedSettings } from "./stack-file.ts";
import { stackFileName } from "./repository.ts";
import { environmentNames, type EnvironmentName } from "../domain/stage.ts";
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

/** The checked settings that one stack is loaded from. */
export type StackSettings =
  | { readonly kind: "shared"; readonly shared: SharedSettings; readonly claims: readonly StackClaim[] }
  | {
      readonly kind: "environment";
      readonly name: CloudEnvironment;
      readonly own: EnvironmentSettings;
      readonly shared: SharedSettings;
    }
  | { readonly kind: "local"; readonly own: LocalSettings };

export type SettingsOf<Kind extends StackSettings["kind"]> = Extract<StackSettings, { kind: Kind }>;

export type StackName = "shared" | "local" | CloudEnvironment;

/**
 * Checks the settings of a stack, and of the stacks that it uses or shares something with.
 *
 * @param raw - the object under `ameide-secrets:settings`.
 * @returns no settings if there is a finding.
 */
export function stackSettings(
  stack: StackName,
  raw: unknown,
  root: string,
): { readonly settings: StackSettings | undefined; readonly findings: readonly Finding[] } {
  if (stack === "local") {
    const { settings: own, findings } = parseSettings(localSettings, raw, stack, root);
    return { settings: own && { kind: "local", own }, findings };
  }
  if (stack === "shared") {
    const claims = readClaims(root);
    const { settings: shared, findings: own } = parseSettings(sharedSettings, raw, stack, root);
    const findings = [...own, ...checkStacks(claims)];
    return { settings: shared && { kind: "shared", shared, claims }, findings };
  }
  const own = parseSettings(environmentSettings, raw, stack, root);
  const common = readShared(stack, root);
  const findings = [
    ...own.findings,
    ...common.findings,
    ...checkStacks(readClaims(root, { name: stack, settings: raw })),
  ];
  const complete = own.settings !== undefined && common.settings !== undefined;
  return {
    settings: complete ? { kind: "environment", name: stack, own: own.settings, shared: common.settings } : undefined,
    findings,
  };
}

/** The shared stack's settings, or what is wrong with them: an environment uses what they name. */
function readShared(name: string, root: string): ParsedSettings<SharedSettings> {
  const raw = readStackSettings("shared", root);
  if (raw !== undefined) return parseSettings(sharedSettings, raw, "shared", root);
  const file = stackFileName("shared");
  const problem = `${name} uses the Key Vault and the identity of the shared stack, but ${file} does not exist`;
  const fix = `restore ${file} from the repository, then: ameide-secrets up --stack shared`;
  const finding = errorFinding("settings-shared-missing", "key-vault", "shared", problem, fix, file);
  return { settings: undefined, findings: [finding] };
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
