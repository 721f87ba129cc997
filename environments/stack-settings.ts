import { vaultAddressOf, type CloudEnvironment } from "./vault-settings.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { type StackClaim, federatedSubject } from "../domain/plan/stack-check.ts";
import {
  environmentSettings,
  sharedSettings,
  type EnvironmentSettings,
  type SharedSettings,
} from "../domain/plan/settings.ts";
import { parseSettings, readStackSettings } from "./stack-file.ts";
import { stackFileName } from "./repository.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { namespaceOf } from "../domain/names.ts";

export type StackName = "shared" | "local" | CloudEnvironment;

/** The shared stack's settings, which an environment uses; every mistake is added to `errors`. */
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
 * What every environment in Azure claims; stacks with invalid settings are left out, since loading them reports that.
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
export function readEnvironmentVaults(root: string): Readonly<Partial<Record<string, StackClaim["vault"]>>> {
  return Object.fromEntries(readClaims(root).map(({ environment, vault }) => [environment, vault]));
}
