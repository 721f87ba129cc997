import { armRoute, type ArmCall } from "./arm-request.ts";
import { AzureError } from "./azure-error.ts";
import { nowInSeconds } from "./context.ts";
import type { DeletedVault } from "./state.ts";

const provider = "/subscriptions/:subscription/providers/Microsoft.KeyVault";

/** Vaults in soft delete: read, listed, and purged where purge protection does not forbid it. */
export const deletedVaultRoutes = [
  armRoute(`${provider}/deletedVaults`, "deleted-vaults", {
    GET: (call) => ({ status: 200, body: { value: remaining(call).map((deleted) => document(call, deleted)) } }),
  }),
  armRoute(`${provider}/locations/:location/deletedVaults/:vault`, "deleted-vaults", {
    GET: (call) => ({ status: 200, body: document(call, existing(call)) }),
  }),
  armRoute(`${provider}/locations/:location/deletedVaults/:vault/purge`, "deleted-vaults", {
    POST: (call) => {
      const { vault } = existing(call);
      if (vault.enablePurgeProtection) {
        throw AzureError.arm(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.");
      }
      call.context.state.deletedVaults.delete(vault.name.toLowerCase());
      return { status: 200 };
    },
  }),
];

function remaining({ context }: ArmCall): DeletedVault[] {
  const now = nowInSeconds(context);
  return [...context.state.deletedVaults.values()].filter(({ scheduledPurgeDate }) => scheduledPurgeDate > now);
}

function existing(call: ArmCall): DeletedVault {
  const { vault: name = "", location = "" } = call.names;
  const deleted = remaining(call).find(({ vault }) => vault.name.toLowerCase() === name.toLowerCase());
  if (deleted !== undefined) return deleted;
  throw AzureError.arm(
    404,
    "DeletedVaultNotFound",
    `The specified deleted vault '${name}' in '${location}' does not exist.`,
  );
}

function document({ names }: ArmCall, { vault, deletedDate, scheduledPurgeDate }: DeletedVault): unknown {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const provided = `/subscriptions/${names["subscription"] ?? ""}/providers/Microsoft.KeyVault`;
  return {
    id: `${provided}/locations/${vault.location}/deletedVaults/${vault.name}`,
    name: vault.name,
    type: "Microsoft.KeyVault/deletedVaults",
    properties: {
      vaultId: vault.id,
      location: vault.location,
      tags: vault.tags ?? {},
      deletionDate: at(deletedDate),
      scheduledPurgeDate: at(scheduledPurgeDate),
      ...(vault.enablePurgeProtection && { purgeProtectionEnabled: true }),
    },
  };
}
