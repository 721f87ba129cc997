import { z } from "zod";

/**
 * What the stand-in remembers, as `state.json` holds it. Times are whole seconds since 1970 (Key Vault's own unit),
 * `effectiveAt` is milliseconds. It contains secret values in clear: it is the Key Vault, hence 0600 in a 0700 folder.
 */
const tags = z.record(z.string(), z.string());

const tracked = { id: z.string(), name: z.string(), location: z.string(), tags: tags.optional() };

const resourceGroup = z.strictObject(tracked);

const secretVersion = z.strictObject({
  version: z.string(),
  value: z.string(),
  contentType: z.string().optional(),
  tags: tags.optional(),
  enabled: z.boolean(),
  nbf: z.int().optional(),
  exp: z.int().optional(),
  created: z.int(),
  updated: z.int(),
});

/** `versions` is never empty and in the order of creation: the last one is the current one. */
const secret = z.strictObject({ name: z.string(), versions: z.array(secretVersion).min(1) });

const deletedSecret = secret.extend({ deletedDate: z.int(), scheduledPurgeDate: z.int() });

const vault = z.strictObject({
  ...tracked,
  tenantId: z.string(),
  sku: z.strictObject({ family: z.string(), name: z.string() }),
  enableRbacAuthorization: z.boolean(),
  enablePurgeProtection: z.boolean(),
  softDeleteRetentionInDays: z.int(),
  /** Whatever else was sent: kept and given back, not acted on. */
  otherProperties: z.record(z.string(), z.unknown()),
  secrets: z.array(secret),
  deletedSecrets: z.array(deletedSecret),
});

const deletedVault = z.strictObject({ vault, deletedDate: z.int(), scheduledPurgeDate: z.int() });

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
  federatedCredentials: z.array(federatedCredential),
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

export const stateFileSchema = z.strictObject({
  format: z.literal(1),
  tenantId: z.string(),
  operatorObjectId: z.string(),
  resourceGroups: z.array(resourceGroup),
  vaults: z.array(vault),
  deletedVaults: z.array(deletedVault),
  identities: z.array(identity),
  roleAssignments: z.array(roleAssignment),
});

export type StateFile = z.infer<typeof stateFileSchema>;
export type ResourceGroup = z.infer<typeof resourceGroup>;
export type StoredVault = z.infer<typeof vault>;
export type SecretVersion = z.infer<typeof secretVersion>;
export type Secret = z.infer<typeof secret>;
export type DeletedSecret = z.infer<typeof deletedSecret>;
export type FederatedCredential = z.infer<typeof federatedCredential>;
export type Identity = z.infer<typeof identity>;
export type RoleAssignment = z.infer<typeof roleAssignment>;
