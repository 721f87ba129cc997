import { z } from "zod";
import { Keyed } from "./keyed.ts";

/*
 * Content of `state.json`, with secret values in clear: hence 0600 in a 0700 folder. Times are seconds since 1970,
 * `effectiveAt` is in milliseconds.
 */
const tags = z.record(z.string(), z.string()).optional();

const tracked = { id: z.string(), name: z.string(), location: z.string(), tags };

function keyed<T>(item: z.ZodType<T>, keyOf: (item: T) => string) {
  return z.array(item).transform((items) => new Keyed(keyOf, items));
}

const byId = <T extends { readonly id: string }>(item: z.ZodType<T>) => keyed(item, ({ id }) => id);
const byName = <T extends { readonly name: string }>(item: z.ZodType<T>) => keyed(item, ({ name }) => name);

const resourceGroup = z.strictObject(tracked);

const secretVersion = z.strictObject({
  version: z.string(),
  value: z.string(),
  contentType: z.string().optional(),
  tags,
  enabled: z.boolean(),
  nbf: z.int().optional(),
  exp: z.int().optional(),
  created: z.int(),
  updated: z.int(),
});

/** `versions` is in the order of creation: the last one is current. */
const secret = z.strictObject({ name: z.string(), versions: z.array(secretVersion).min(1) });

const deletion = { deletedDate: z.int(), scheduledPurgeDate: z.int() };

const deletedSecret = secret.extend(deletion);

const vault = z.strictObject({
  ...tracked,
  tenantId: z.string(),
  sku: z.strictObject({ family: z.string(), name: z.string() }),
  enableRbacAuthorization: z.boolean(),
  enablePurgeProtection: z.boolean(),
  softDeleteRetentionInDays: z.int(),
  /** Stored and returned, without effect. */
  otherProperties: z.record(z.string(), z.unknown()),
  secrets: byName(secret),
  deletedSecrets: byName(deletedSecret),
});

const federatedCredential = z.strictObject({
  id: z.string(),
  name: z.string(),
  issuer: z.string(),
  subject: z.string(),
  audiences: z.array(z.string()),
  effectiveAt: z.number(),
});

const identity = z.strictObject({
  ...tracked,
  clientId: z.string(),
  principalId: z.string(),
  tenantId: z.string(),
  federatedCredentials: byId(federatedCredential),
});

const roleAssignment = z.strictObject({
  id: z.string(),
  name: z.string(),
  scope: z.string(),
  /** GUID of the role, lower case. */
  roleId: z.string(),
  principalId: z.string(),
  principalType: z.string().optional(),
  effectiveAt: z.number(),
});

export const stateSchema = z.strictObject({
  format: z.literal(1),
  tenantId: z.string(),
  operatorObjectId: z.string(),
  resourceGroups: byId(resourceGroup),
  vaults: byId(vault),
  /** By name, since soft delete keeps the name in use. */
  deletedVaults: keyed(z.strictObject({ vault, ...deletion }), (deleted) => deleted.vault.name),
  identities: byId(identity),
  roleAssignments: byId(roleAssignment),
});

export type AzureState = z.output<typeof stateSchema>;
export type ResourceGroup = z.output<typeof resourceGroup>;
export type Vault = z.output<typeof vault>;
export type SecretVersion = z.output<typeof secretVersion>;
export type Secret = z.output<typeof secret>;
export type DeletedSecret = z.output<typeof deletedSecret>;
export type FederatedCredential = z.output<typeof federatedCredential>;
export type Identity = z.output<typeof identity>;
export type RoleAssignment = z.output<typeof roleAssignment>;

export function emptyState(tenantId: string, operatorObjectId: string): AzureState {
  const nothing = { resourceGroups: [], vaults: [], deletedVaults: [], identities: [], roleAssignments: [] };
  return stateSchema.parse({ format: 1, tenantId, operatorObjectId, ...nothing });
}

export function noSecrets(): Pick<Vault, "secrets" | "deletedSecrets"> {
  return { secrets: byName(secret).parse([]), deletedSecrets: byName(deletedSecret).parse([]) };
}
