import { z } from "zod";
import { AzureError } from "./answer.ts";
import { armType, parseBody, type ArmCall } from "./arm.ts";
import { effectiveAt } from "./context.ts";
import type { Keyed } from "./keyed.ts";
import { builtInRoles, isAtOrBelow } from "./role-check.ts";
import type { RoleAssignment } from "./state.ts";

const body = z.object({
  properties: z.object({
    roleDefinitionId: z.string(),
    principalId: z.guid().transform((id) => id.toLowerCase()),
    principalType: z.string().optional(),
  }),
});

const type = "Microsoft.Authorization/roleAssignments";
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The scope need not exist: it may be a single secret's. */
export const roleAssignments = armType<RoleAssignment>("role-assignments", {
  type,
  path: `**/providers/${type}/*`,
  items: ({ context }) => context.state.roleAssignments,
  select,
  put,
  remove(call, assignment) {
    call.context.state.roleAssignments.delete(assignment);
    return { type, ...document(assignment) };
  },
  notFound: ({ name }) => {
    return AzureError.arm(404, "RoleAssignmentNotFound", `The role assignment '${name}' is not found.`);
  },
  document,
});

const scopeOf = ({ id }: ArmCall): string => id.slice(0, id.toLowerCase().lastIndexOf("/providers/microsoft.auth"));

function put(call: ArmCall): RoleAssignment {
  const { context, id, name } = call;
  const { identities, roleAssignments: all, tenantId } = context.state;
  if (!guid.test(name)) {
    const message = `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`;
    throw AzureError.arm(400, "InvalidRoleAssignmentId", message);
  }
  const { roleDefinitionId, principalId, principalType } = parseBody(body, call.body).properties;
  const roleId = roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "";
  if (builtInRoles[roleId] === undefined) {
    const message = `The specified role definition with ID '${roleId}' does not exist.`;
    throw AzureError.arm(404, "RoleDefinitionDoesNotExist", message);
  }
  const scope = scopeOf(call);
  const isWanted = (one: RoleAssignment) =>
    one.roleId === roleId && one.principalId === principalId && one.scope.toLowerCase() === scope.toLowerCase();
  // names are unique in the whole tenant, at any scope
  const before = [...all].find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (before !== undefined) {
    if (isWanted(before)) return before;
    /** @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
    const message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
    throw AzureError.arm(400, "RoleAssignmentUpdateNotPermitted", message);
  }
  const same = [...all].find(isWanted);
  if (same !== undefined) {
    const message = `The role assignment already exists. The ID of the existing role assignment is ${same.name.replaceAll("-", "")}.`;
    throw AzureError.arm(409, "RoleAssignmentExists", message);
  }
  // like Azure, checks the principal only if the caller leaves out its type
  if (principalType === undefined && ![...identities].some((identity) => identity.principalId === principalId)) {
    const message =
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${tenantId}. Check that you have the ` +
      "correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be " +
      "related to a replication delay. In this case, set the role assignment principalType property to a value, such as " +
      "ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype";
    throw AzureError.arm(400, "PrincipalNotFound", message);
  }
  const typed = principalType === undefined ? {} : { principalType };
  return all.set({ id, name, scope, roleId, principalId, ...typed, effectiveAt: effectiveAt(context) });
}

/** By `$filter`: `principalId eq '…'` or `assignedTo('…')` selects a principal, `atScope()` omits lower scopes. */
function select(call: ArmCall, all: Keyed<RoleAssignment>): readonly RoleAssignment[] {
  const scope = scopeOf(call);
  const filter = call.query.get("$filter") ?? "";
  const principal = /(?:principalId eq |assignedTo\()'([^']+)'/i.exec(filter)?.[1]?.toLowerCase();
  const withBelow = !/atScope\(\)/i.test(filter);
  return [...all].filter(
    (one) =>
      (isAtOrBelow(scope, one.scope) || (withBelow && isAtOrBelow(one.scope, scope))) &&
      (principal === undefined || one.principalId === principal),
  );
}

function document({ id, name, scope, roleId, principalId, principalType = "ServicePrincipal" }: RoleAssignment) {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
  return { id, name, properties: { roleDefinitionId, principalId, principalType, scope } };
}
