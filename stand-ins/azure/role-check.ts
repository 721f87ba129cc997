import { builtInRoles, type SecretAction } from "./built-in-roles.ts";
import type { Caller } from "./access-token.ts";
import { AzureError } from "./azure-error.ts";
import type { AzureContext } from "./context.ts";
import type { Vault } from "./state.ts";

/**
 * Lets the caller pass where a role allows the action at the vault, at one of its secrets, or above.
 *
 * @param secretName - left out for an action on the whole vault, such as listing.
 * @throws AzureError 403 Forbidden with ForbiddenByRbac, in Key Vault's words.
 */
export function checkRole(
  context: AzureContext,
  caller: Caller,
  action: SecretAction,
  vault: Vault,
  secretName?: string,
): void {
  // a person who is Owner of the subscription and Key Vault Secrets Officer
  if (caller.kind === "operator") return;
  if (!vault.enableRbacAuthorization) throw forbiddenByPolicy(context, caller, action, vault);
  const resource = (secretName === undefined ? vault.id : `${vault.id}/secrets/${secretName}`).toLowerCase();
  const now = context.now();
  for (const { principalId, roleId, scope, effectiveAt } of context.state.roleAssignments.values()) {
    if (principalId !== caller.objectId || effectiveAt > now) continue;
    if (isWithin(resource, scope.toLowerCase()) && builtInRoles[roleId]?.allows.includes(action) === true) return;
  }
  throw forbiddenByRbac(context, caller, action, vault, resource);
}

/** Access policies are kept as a document and grant nothing here: the program makes RBAC vaults only. */
function forbiddenByPolicy({ state }: AzureContext, caller: Caller, action: SecretAction, vault: Vault): AzureError {
  const permission = /secrets\/(get|set|update|delete|recover|purge)/.exec(action)?.[1] ?? "list";
  const message =
    `The user, group or application '${described(caller, state.tenantId)}' does not have secrets ${permission} ` +
    `permission on key vault '${vault.name};location=${vault.location}'. For help resolving this issue, please see ` +
    "https://go.microsoft.com/fwlink/?linkid=2125287";
  return AzureError.keyVault(403, "Forbidden", message, { inner: "AccessDenied" });
}

function described({ appId, objectId }: Caller, tenantId: string): string {
  return `appid=${appId ?? ""};oid=${objectId};iss=https://sts.windows.net/${tenantId}/`;
}

function isWithin(resource: string, scope: string): boolean {
  return resource === scope || resource.startsWith(`${scope}/`);
}

function forbiddenByRbac(
  context: AzureContext,
  caller: Caller,
  action: SecretAction,
  vault: Vault,
  resource: string,
): AzureError {
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: ${described(caller, context.state.tenantId)}`,
    `Action: '${action}'`,
    `Resource: '${resource}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: null ",
    `Vault: ${vault.name};location=${vault.location}`,
    "",
  ].join("\r\n");
  return AzureError.keyVault(403, "Forbidden", message, { inner: "ForbiddenByRbac" });
}
