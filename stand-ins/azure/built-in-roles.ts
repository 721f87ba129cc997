/**
 * Azure's built-in roles that matter to a Key Vault with RBAC, and their data actions on secrets.
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
 */
export const secretActions = {
  get: "Microsoft.KeyVault/vaults/secrets/getSecret/action",
  readMetadata: "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
  set: "Microsoft.KeyVault/vaults/secrets/setSecret/action",
  update: "Microsoft.KeyVault/vaults/secrets/update/action",
  delete: "Microsoft.KeyVault/vaults/secrets/delete",
  recover: "Microsoft.KeyVault/vaults/secrets/recover/action",
  purge: "Microsoft.KeyVault/vaults/secrets/purge/action",
} as const;

export type SecretAction = (typeof secretActions)[keyof typeof secretActions];

interface BuiltInRole {
  readonly name: string;
  readonly allows: readonly SecretAction[];
}

const every = Object.values(secretActions);

/** By GUID. Owner and Contributor are here because they grant nothing in the data plane: a common surprise. */
export const builtInRoles: Readonly<Record<string, BuiltInRole>> = {
  "00482a5a-887f-4fb3-b363-3b7fe8e74483": { name: "Key Vault Administrator", allows: every },
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": { name: "Key Vault Secrets Officer", allows: every },
  "4633458b-17de-408a-b874-0445c86b69e6": {
    name: "Key Vault Secrets User",
    allows: [secretActions.get, secretActions.readMetadata],
  },
  "21090545-7ca7-4776-b22c-e363652d74d2": { name: "Key Vault Reader", allows: [secretActions.readMetadata] },
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": { name: "Owner", allows: [] },
  "b24988ac-6180-42a0-ab88-20f7382dd24c": { name: "Contributor", allows: [] },
  "acdd72a7-3385-48ef-bd42-f606fba81ae7": { name: "Reader", allows: [] },
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": { name: "User Access Administrator", allows: [] },
};
