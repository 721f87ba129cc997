import type { Caller } from "./access-token.ts";
import { AzureError } from "./answer.ts";
import type { AzureContext } from "./context.ts";
import type { Vault } from "./state.ts";

/** @param secretName - empty for the whole vault. @throws AzureError 403 Forbidden with ForbiddenByRbac. */
export function checkRole(
  context: AzureContext,
  caller: Caller,
  action: SecretAction,
  vault: Vault,
  secretName: string,
): void {
  // the operator is Owner of the subscription and Key Vault Secrets Officer
  if (caller.kind === "operator") return;
  const { tenantId, roleAssignments } = context.state;
  const described = `appid=${caller.appId};oid=${caller.objectId};iss=https://sts.windows.net/${tenantId}/`;
  const place = `${vault.name};location=${vault.location}`;
  if (!vault.enableRbacAuthorization) {
    // access policies grant nothing here: the program creates RBAC vaults only
    const permission = /secrets\/(get|set|update|delete|recover|purge)/.exec(action)?.[1] ?? "list";
    const message =
      `The user, group or application '${described}' does not have secrets ${permission} permission on key vault ` +
      `'${place}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`;
    throw AzureError.keyVault(403, "Forbidden", message, { inner: "AccessDenied" });
  }
  const resource = (secretName === "" ? vault.id : `${vault.id}/secrets/${secretName}`).toLowerCase();
  const now = context.now();
  for (const { principalId, roleId, scope, effectiveAt } of roleAssignments) {
    if (principalId !== caller.objectId || effectiveAt > now) continue;
    if (isAtOrBelow(resource, scope) && builtInRoles[roleId]?.includes(action) === true) return;
  }
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: ${described}`,
    `Action: '${action}'`,
    `Resource: '${resource}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: null ",
    `Vault: ${place}`,
    "",
  ].join("\r\n");
  throw AzureError.keyVault(403, "Forbidden", message, { inner: "ForbiddenByRbac" });
}

/** Ids and scopes are case-insensitive. */
export function isAtOrBelow(id: string, scope: string): boolean {
  return `${id}/`.toLowerCase().startsWith(`${scope}/`.toLowerCase());
}

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security */
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

const every = Object.values(secretActions);

/** By GUID. Owner and Contributor are included because they surprisingly grant nothing in the data plane. */
export const builtInRoles: Readonly<Record<string, readonly SecretAction[]>> = {
  "00482a5a-887f-4fb3-b363-3b7fe8e74483": every, // Key Vault Administrator
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": every, // Key Vault Secrets Officer
  "4633458b-17de-408a-b874-0445c86b69e6": [secretActions.get, secretActions.readMetadata], // Key Vault Secrets User
  "21090545-7ca7-4776-b22c-e363652d74d2": [secretActions.readMetadata], // Key Vault Reader
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": [], // Owner
  "b24988ac-6180-42a0-ab88-20f7382dd24c": [], // Contributor
  "acdd72a7-3385-48ef-bd42-f606fba81ae7": [], // Reader
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": [], // User Access Administrator
};
