import { z } from "zod";
import {
  armLocation,
  armRoutes,
  armTags,
  parseBody,
  requireResourceGroup,
  resourceNotFound,
  within,
  type ArmCall,
} from "./arm-request.ts";
import { AzureError } from "./azure-error.ts";
import { nowInSeconds, type AzureContext } from "./context.ts";
import type { Vault } from "./state.ts";
import { VaultSecrets } from "./vault-secrets.ts";

const vaultBody = z.object({
  location: armLocation,
  tags: armTags,
  properties: z.looseObject({
    tenantId: z.string(),
    sku: z.object({ family: z.string().default("A"), name: z.string() }),
    createMode: z.enum(["default", "recover"]).default("default"),
    enableRbacAuthorization: z.boolean().optional(),
    enablePurgeProtection: z.boolean().nullish(),
    enableSoftDelete: z.boolean().optional(),
    softDeleteRetentionInDays: z.int().min(7).max(90).optional(),
    vaultUri: z.string().optional(),
    provisioningState: z.string().optional(),
  }),
});

type VaultBody = z.infer<typeof vaultBody>;

const type = "Microsoft.KeyVault/vaults";
export const vaultPath = `/subscriptions/:subscription/resourceGroups/:group/providers/${type}/:vault`;

/** Microsoft.KeyVault/vaults. One may live at a time: the data plane has one host, and SecretClient wants it at its root. */
export const vaultRoutes = armRoutes<Vault>({
  path: vaultPath,
  kind: "vaults",
  list: ({ context, id }) => within(context.state.vaults, id),
  find: ({ context, id }) => context.state.vaults.get(id.toLowerCase()),
  notFound,
  put,
  remove: ({ context }, vault) => softDeleteVault(context, vault),
  document,
});

/** The vault that the id is, or is below. @throws AzureError 404 ResourceNotFound. */
export function existingVault(call: ArmCall): Vault {
  const id = call.id.split("/").slice(0, vaultPath.split("/").length).join("/");
  const vault = call.context.state.vaults.get(id.toLowerCase());
  if (vault === undefined) throw notFound(call);
  return vault;
}

function notFound(call: ArmCall): AzureError {
  return resourceNotFound(call, type, call.names["vault"] ?? "");
}

/**
 * Takes a vault out of service with all its secrets; its name stays taken until it is purged. Role assignments on it go
 * for good: recovery does not bring them back (https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview).
 */
export function softDeleteVault(context: AzureContext, vault: Vault): void {
  const now = nowInSeconds(context);
  const { vaults, roleAssignments } = context.state;
  vaults.delete(vault.id.toLowerCase());
  for (const id of roleAssignments.keys()) if (id.startsWith(`${vault.id.toLowerCase()}/`)) roleAssignments.delete(id);
  const scheduledPurgeDate = now + vault.softDeleteRetentionInDays * 86_400;
  context.state.deletedVaults.set(vault.name.toLowerCase(), { vault, deletedDate: now, scheduledPurgeDate });
}

function put(call: ArmCall, before: Vault | undefined): Vault {
  requireResourceGroup(call);
  const { context, id, names, body } = call;
  const wanted = parseBody(vaultBody, body);
  checkTenant(context, wanted);
  const isRecovery = wanted.properties.createMode === "recover";
  const vault = before !== undefined ? change(before, wanted) : isRecovery ? recover(call) : create(call, wanted);
  context.state.vaults.set(id.toLowerCase(), vault);
  context.state.deletedVaults.delete((names["vault"] ?? "").toLowerCase());
  return vault;
}

function create({ context, id, names, query }: ArmCall, wanted: VaultBody): Vault {
  const name = names["vault"] ?? "";
  checkName(name);
  checkNameFree(context, name);
  const { location, tags, properties } = wanted;
  if (properties.enableSoftDelete === false)
    throw badRequest('The property "enableSoftDelete" cannot be set to false.');
  if (properties.enablePurgeProtection === false) throw badRequest(purgeProtectionIsForEver);
  // API versions before 2026-02-01 make vaults with access policies where nothing is said
  const { enableRbacAuthorization = (query.get("api-version") ?? "") >= "2026-02-01" } = properties;
  if (!enableRbacAuthorization && properties["accessPolicies"] === undefined) {
    throw badRequest("The parameter accessPolicies is not specified.");
  }
  return {
    id,
    name,
    location,
    ...(tags && { tags }),
    tenantId: properties.tenantId,
    sku: properties.sku,
    enableRbacAuthorization,
    enablePurgeProtection: properties.enablePurgeProtection ?? false,
    softDeleteRetentionInDays: properties.softDeleteRetentionInDays ?? 90,
    otherProperties: otherProperties(wanted),
    secrets: new VaultSecrets([], []),
  };
}

const purgeProtectionIsForEver =
  'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.';

function change(before: Vault, { location, tags, properties }: VaultBody): Vault {
  const { enablePurgeProtection, softDeleteRetentionInDays, enableRbacAuthorization } = properties;
  if (before.location !== location) {
    const message = `The resource '${before.name}' already exists in location '${before.location}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`;
    throw AzureError.arm(409, "InvalidResourceLocation", message);
  }
  if (enablePurgeProtection === false) throw badRequest(purgeProtectionIsForEver);
  if (softDeleteRetentionInDays !== undefined && softDeleteRetentionInDays !== before.softDeleteRetentionInDays) {
    throw badRequest('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
  }
  const { tags: _tags, ...rest } = before;
  return {
    ...rest,
    ...(tags && { tags }),
    sku: properties.sku,
    enablePurgeProtection: before.enablePurgeProtection || enablePurgeProtection === true,
    enableRbacAuthorization: enableRbacAuthorization ?? before.enableRbacAuthorization,
    otherProperties: otherProperties({ location, tags, properties }),
  };
}

function recover({ context, names }: ArmCall): Vault {
  const name = (names["vault"] ?? "").toLowerCase();
  const deleted = context.state.deletedVaults.get(name);
  if (deleted !== undefined && deleted.scheduledPurgeDate > nowInSeconds(context)) {
    checkOnlyVault(context, name);
    return deleted.vault;
  }
  const message =
    "A soft deleted vault with the given name does not exist. Please make sure that the name for the vault that is being " +
    "attempted to be recovered is in a recoverable state. For more information on soft delete please follow this link " +
    "https://go.microsoft.com/fwlink/?linkid=2149745";
  throw AzureError.arm(404, "SoftDeletedVaultDoesNotExist", message);
}

function checkTenant({ state }: AzureContext, { properties: { tenantId } }: VaultBody): void {
  if (tenantId.toLowerCase() === state.tenantId.toLowerCase()) return;
  throw badRequest(`The tenant '${tenantId}' is not the subscription's tenant '${state.tenantId}'.`);
}

function checkName(name: string): void {
  if (/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i.test(name)) return;
  const message =
    `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin ` +
    "with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more " +
    "information: https://go.microsoft.com/fwlink/?linkid=2147742";
  throw AzureError.arm(400, "VaultNameNotValid", message);
}

function checkNameFree(context: AzureContext, name: string): void {
  const deleted = context.state.deletedVaults.get(name.toLowerCase());
  if (deleted !== undefined && deleted.scheduledPurgeDate > nowInSeconds(context)) {
    const message =
      "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. " +
      "Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.";
    throw AzureError.arm(409, "ConflictError", message);
  }
  const taken = [...context.state.vaults.values()].some((vault) => vault.name.toLowerCase() === name.toLowerCase());
  if (taken) {
    const message =
      `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is ` +
      "already taken.";
    throw AzureError.arm(409, "VaultAlreadyExists", message);
  }
  checkOnlyVault(context, name);
}

/** The one refusal that Azure does not have; it says so. */
function checkOnlyVault({ state }: AzureContext, name: string): void {
  const [other] = state.vaults.values();
  if (other === undefined) return;
  const message = `The local Azure stand-in serves the data plane of one vault; delete '${other.name}' before '${name}' is made.`;
  throw AzureError.arm(409, "StandInServesOneVault", message);
}

function badRequest(message: string): AzureError {
  return AzureError.arm(400, "BadRequest", message);
}

const ownProperties = new Set([
  "tenantId",
  "sku",
  "createMode",
  "enableRbacAuthorization",
  "enablePurgeProtection",
  "enableSoftDelete",
  "softDeleteRetentionInDays",
  "vaultUri",
  "provisioningState",
]);

function otherProperties({ properties }: VaultBody): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !ownProperties.has(key)));
}

function document(vault: Vault, { context }: ArmCall): unknown {
  return {
    id: vault.id,
    name: vault.name,
    type,
    location: vault.location,
    tags: vault.tags ?? {},
    properties: {
      publicNetworkAccess: "Enabled",
      accessPolicies: [],
      ...vault.otherProperties,
      tenantId: vault.tenantId,
      sku: vault.sku,
      enableRbacAuthorization: vault.enableRbacAuthorization,
      enableSoftDelete: true,
      softDeleteRetentionInDays: vault.softDeleteRetentionInDays,
      // Azure leaves it out where it is not set, and never says false
      ...(vault.enablePurgeProtection && { enablePurgeProtection: true }),
      vaultUri: `${context.origin}/`,
      provisioningState: "Succeeded",
    },
  };
}
