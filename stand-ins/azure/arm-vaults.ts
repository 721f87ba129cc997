import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { AzureError } from "./answer.ts";
import {
  armType,
  badRequest,
  existing,
  inGroup,
  parseBody,
  requireResourceGroup,
  tracked,
  type ArmCall,
} from "./arm.ts";
import { nowInSeconds, type AzureContext } from "./context.ts";
import { isSecretName, secretBody, setSecret, type SecretInput } from "./secrets.ts";
import { noSecrets, type Secret, type Vault } from "./state.ts";

const vaultBody = tracked.extend({
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

const type = "Microsoft.KeyVault/vaults";

/** At most one vault exists: the data plane has one host, and SecretClient expects the vault at its root. */
export const vaults = armType<Vault>("vaults", {
  type,
  path: inGroup(type),
  items: ({ context }) => context.state.vaults,
  put: putVault,
  remove: ({ context }, vault) => softDeleteVault(context, vault),
  document: ({ id, name, location, tags = {}, otherProperties, ...vault }, { context }) => ({
    id,
    name,
    location,
    tags,
    properties: {
      publicNetworkAccess: "Enabled",
      accessPolicies: [],
      ...otherProperties,
      tenantId: vault.tenantId,
      sku: vault.sku,
      enableRbacAuthorization: vault.enableRbacAuthorization,
      enableSoftDelete: true,
      softDeleteRetentionInDays: vault.softDeleteRetentionInDays,
      // Azure leaves it out if it is not set, and never returns false
      ...(vault.enablePurgeProtection && { enablePurgeProtection: true }),
      vaultUri: `${context.origin}/`,
      provisioningState: "Succeeded",
    },
  }),
});

/** Role assignments are gone for good (https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview). */
export function softDeleteVault(context: AzureContext, vault: Vault): void {
  const { state } = context;
  const deletedDate = nowInSeconds(context);
  const scheduledPurgeDate = deletedDate + vault.softDeleteRetentionInDays * 86_400;
  state.vaults.delete(vault);
  for (const assignment of state.roleAssignments.below(vault.id)) state.roleAssignments.delete(assignment);
  state.deletedVaults.set({ vault, deletedDate, scheduledPurgeDate });
}

function putVault(call: ArmCall, before: Vault | undefined): Vault {
  requireResourceGroup(call);
  const { context, id, name, query } = call;
  const { location, tags, properties } = parseBody(vaultBody, call.body);
  const {
    tenantId,
    sku,
    createMode,
    enableSoftDelete,
    vaultUri: _uri,
    provisioningState: _state,
    ...rest
  } = properties;
  const { enablePurgeProtection, softDeleteRetentionInDays, enableRbacAuthorization, ...otherProperties } = rest;
  if (tenantId.toLowerCase() !== context.state.tenantId.toLowerCase()) {
    throw badRequest(`The tenant '${tenantId}' is not the subscription's tenant '${context.state.tenantId}'.`);
  }
  if (before === undefined && createMode === "recover") return recoverVault(call);
  if (before === undefined) checkNewName(call);
  if (enableSoftDelete === false) throw badRequest('The property "enableSoftDelete" cannot be set to false.');
  if (enablePurgeProtection === false) {
    const forEver = "Enabling the purge protection for a vault is an irreversible action.";
    throw badRequest(`The property "enablePurgeProtection" cannot be set to false. ${forEver}`);
  }
  // API versions before 2026-02-01 create vaults with access policies by default
  const isRbacDefault = before?.enableRbacAuthorization ?? (query.get("api-version") ?? "") >= "2026-02-01";
  const wanted = {
    location,
    ...(tags && { tags }),
    sku,
    enableRbacAuthorization: enableRbacAuthorization ?? isRbacDefault,
    enablePurgeProtection: before?.enablePurgeProtection === true || enablePurgeProtection === true,
    softDeleteRetentionInDays: softDeleteRetentionInDays ?? before?.softDeleteRetentionInDays ?? 90,
    otherProperties,
  };
  if (before === undefined) {
    if (!wanted.enableRbacAuthorization && otherProperties["accessPolicies"] === undefined) {
      throw badRequest("The parameter accessPolicies is not specified.");
    }
    return context.state.vaults.set({ id, name, tenantId, ...wanted, ...noSecrets() });
  }
  if (before.location !== location) {
    const message = `The resource '${before.name}' already exists in location '${before.location}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`;
    throw AzureError.arm(409, "InvalidResourceLocation", message);
  }
  if (wanted.softDeleteRetentionInDays !== before.softDeleteRetentionInDays) {
    throw badRequest('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
  }
  const { tags: _tags, ...kept } = before;
  return context.state.vaults.set({ ...kept, ...wanted });
}

function recoverVault({ context, name }: ArmCall): Vault {
  const deleted = inSoftDelete(context, name);
  if (deleted !== undefined) {
    checkOnlyVault(context, name);
    context.state.deletedVaults.delete(deleted);
    return context.state.vaults.set(deleted.vault);
  }
  const message =
    "A soft deleted vault with the given name does not exist. Please make sure that the name for the vault that is being " +
    "attempted to be recovered is in a recoverable state. For more information on soft delete please follow this link " +
    "https://go.microsoft.com/fwlink/?linkid=2149745";
  throw AzureError.arm(404, "SoftDeletedVaultDoesNotExist", message);
}

function inSoftDelete(context: AzureContext, name: string) {
  const deleted = context.state.deletedVaults.get(name);
  if (deleted === undefined || deleted.scheduledPurgeDate > nowInSeconds(context)) return deleted;
  context.state.deletedVaults.delete(deleted); // Azure has purged it
  return undefined;
}

function checkNewName({ context, name }: ArmCall): void {
  if (!/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i.test(name)) {
    const message =
      `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin ` +
      "with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more " +
      "information: https://go.microsoft.com/fwlink/?linkid=2147742";
    throw AzureError.arm(400, "VaultNameNotValid", message);
  }
  if (inSoftDelete(context, name) !== undefined) {
    const message =
      "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. " +
      "Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.";
    throw AzureError.arm(409, "ConflictError", message);
  }
  checkOnlyVault(context, name);
}

function checkOnlyVault({ state }: AzureContext, name: string): void {
  const [other] = state.vaults;
  if (other === undefined) return;
  if (other.name.toLowerCase() === name.toLowerCase()) {
    const message =
      `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is ` +
      "already taken.";
    throw AzureError.arm(409, "VaultAlreadyExists", message);
  }
  // Azure has no such error
  const message = `The local Azure stand-in serves the data plane of one vault; delete '${other.name}' before '${name}' is created.`;
  throw AzureError.arm(409, "StandInServesOneVault", message);
}

const vaultOf = (call: ArmCall): Vault => existing(call, call.context.state.vaults, type);
const secretBodyOfArm = z.object({ properties: secretBody.omit({ tags: true }), tags: tracked.shape.tags });
const secretType = `${type}/secrets`;

/** Resource Manager never returns a value; only the data plane deletes secrets. */
export const vaultSecrets = armType<Secret>("secrets", {
  type: secretType,
  path: inGroup(secretType),
  items: (call) => vaultOf(call).secrets,
  keyOf: ({ name }) => name,
  select: (_call, items) => [...items],
  put: putSecret,
  document: ({ name, versions }, call) => {
    const { id, location } = vaultOf(call);
    const uri = `${call.context.origin}/secrets/${name}`;
    const { tags = {}, contentType, version, enabled, nbf, exp, created, updated } = versions.at(-1) ?? {};
    return {
      id: `${id}/secrets/${name}`,
      name,
      location,
      tags,
      properties: {
        attributes: { enabled, nbf, exp, created, updated },
        contentType,
        secretUri: uri,
        secretUriWithVersion: `${uri}/${version}`,
      },
    };
  },
});

/** Equal properties create no new version, so a deployment can be repeated. */
function putSecret(call: ArmCall, before: Secret | undefined): Secret {
  const { name, context } = call;
  if (!isSecretName(name)) {
    throw badRequest(`The secret name '${name}' is invalid: use 1 to 127 letters, digits and hyphens.`);
  }
  const { properties, tags } = parseBody(secretBodyOfArm, call.body);
  const { value, contentType, attributes } = properties;
  const input: SecretInput = { value, contentType, tags, ...attributes };
  const current = before?.versions.at(-1);
  if (before && current && isDeepStrictEqual(comparable(current), comparable(input))) return before;
  return setSecret(vaultOf(call), name, input, nowInSeconds(context));
}

function comparable({ value, contentType, tags, enabled = true, nbf, exp }: SecretInput) {
  return { value, contentType, tags: tags ?? {}, enabled, nbf, exp };
}
