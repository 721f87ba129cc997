import type { Identity, ResourceGroup, RoleAssignment, StateFile, StoredVault } from "./state-schema.ts";
import { VaultSecrets } from "./vault-secrets.ts";

/** A vault in memory: its document, and its secrets indexed by name. */
export interface Vault extends Omit<StoredVault, "secrets" | "deletedSecrets"> {
  readonly secrets: VaultSecrets;
}

export interface DeletedVault {
  readonly vault: Vault;
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

/** Everything that exists in this Azure. Azure's names know no case: every key is in lower case. */
export interface AzureState {
  readonly tenantId: string;
  /** Object id of the person who owns the subscription. */
  readonly operatorObjectId: string;
  readonly resourceGroups: Map<string, ResourceGroup>;
  readonly vaults: Map<string, Vault>;
  /** By name, since names are what soft delete blocks. */
  readonly deletedVaults: Map<string, DeletedVault>;
  readonly identities: Map<string, Identity>;
  readonly roleAssignments: Map<string, RoleAssignment>;
}

export function emptyState(tenantId: string, operatorObjectId: string): AzureState {
  return stateFrom({
    format: 1,
    tenantId,
    operatorObjectId,
    resourceGroups: [],
    vaults: [],
    deletedVaults: [],
    identities: [],
    roleAssignments: [],
  });
}

export function stateFrom(file: StateFile): AzureState {
  const byId = <T extends { readonly id: string }>(items: readonly T[]) =>
    new Map(items.map((item) => [item.id.toLowerCase(), item]));
  return {
    tenantId: file.tenantId,
    operatorObjectId: file.operatorObjectId,
    resourceGroups: byId(file.resourceGroups),
    vaults: byId(file.vaults.map(vaultFrom)),
    deletedVaults: new Map(
      file.deletedVaults.map(({ vault, ...rest }) => [vault.name.toLowerCase(), { vault: vaultFrom(vault), ...rest }]),
    ),
    identities: byId(file.identities),
    roleAssignments: byId(file.roleAssignments),
  };
}

export function stateFileOf(state: AzureState): StateFile {
  return {
    format: 1,
    tenantId: state.tenantId,
    operatorObjectId: state.operatorObjectId,
    resourceGroups: [...state.resourceGroups.values()],
    vaults: [...state.vaults.values()].map(storedVault),
    deletedVaults: [...state.deletedVaults.values()].map(({ vault, deletedDate, scheduledPurgeDate }) => {
      return { vault: storedVault(vault), deletedDate, scheduledPurgeDate };
    }),
    identities: [...state.identities.values()],
    roleAssignments: [...state.roleAssignments.values()],
  };
}

function vaultFrom({ secrets, deletedSecrets, ...document }: StoredVault): Vault {
  return { ...document, secrets: new VaultSecrets(secrets, deletedSecrets) };
}

function storedVault({ secrets, ...document }: Vault): StoredVault {
  return { ...document, secrets: secrets.live(), deletedSecrets: secrets.deleted() };
}
