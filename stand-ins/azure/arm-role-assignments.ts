import { z } from "zod";
import { armRoutes, parseBody, type ArmCall } from "./arm-request.ts";
import { AzureError } from "./azure-error.ts";
import { builtInRoles } from "./role-check.ts";
import type { RoleAssignment } from "./state-schema.ts";

const body = z.object({
  properties: z.object({
    roleDefinitionId: z.string(),
    principalId: z.guid().transform((id) => id.toLowerCase()),
    principalType: z.string().optional(),
  }),
});

const type = "Microsoft.Authorization/roleAssignments";
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Microsoft.Authorization/roleAssignments at any scope. The scope need not exist: it may be a single secret's. */
export const roleAssignmentRoutes = armRoutes<RoleAssignment>({
  path: `:scope*/providers/${type}/:assignment`,
  kind: "role-assignments",
  list,
  find: ({ context, id }) => context.state.roleAssignments.get(id.toLowerCase()),
  notFound: ({ names }) => {
    const message = `The role assignment '${names["assignment"] ?? ""}' is not found.`;
    return AzureError.arm(404, "RoleAssignmentNotFound", message);
  },
  put,
  remove: ({ context }, assignment) => {
    context.state.roleAssignments.delete(assignment.id.toLowerCase());
    return document(assignment);
  },
  document,
});

function put({ context, id, names, body: sent }: ArmCall): RoleAssignment {
  const { scope = "", assignment: name = "" } = names;
  if (!guid.test(name)) {
    throw AzureError.arm(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  const { roleDefinitionId, principalId, principalType } = parseBody(body, sent).properties;
  const roleId = roleIdOf(roleDefinitionId);
  const { roleAssignments } = context.state;
  // a name is taken in the whole tenant, at whatever scope
  const before = [...roleAssignments.values()].find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (before !== undefined) return unchanged(before, scope, roleId, principalId);
  const wanted: RoleAssignment = {
    id,
    name,
    scope,
    roleId,
    principalId,
    ...(principalType !== undefined && { principalType }),
    effectiveAt: context.now() + context.settings.propagationInSeconds * 1000,
  };
  refuseEqual(roleAssignments.values(), wanted);
  if (principalType === undefined) requirePrincipal(wanted, context.state.identities.values(), context.state.tenantId);
  roleAssignments.set(id.toLowerCase(), wanted);
  return wanted;
}

function roleIdOf(roleDefinitionId: string): string {
  const roleId = roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "";
  if (builtInRoles[roleId] !== undefined) return roleId;
  throw AzureError.arm(
    404,
    "RoleDefinitionDoesNotExist",
    `The specified role definition with ID '${roleId}' does not exist.`,
  );
}

/** @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
function unchanged(before: RoleAssignment, scope: string, roleId: string, principalId: string): RoleAssignment {
  const isSame = before.roleId === roleId && before.principalId === principalId;
  if (isSame && before.scope.toLowerCase() === scope.toLowerCase()) return before;
  const message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
  throw AzureError.arm(400, "RoleAssignmentUpdateNotPermitted", message);
}

function refuseEqual(all: Iterable<RoleAssignment>, wanted: RoleAssignment): void {
  for (const { roleId, principalId, scope, name } of all) {
    if (roleId !== wanted.roleId || principalId !== wanted.principalId) continue;
    if (scope.toLowerCase() !== wanted.scope.toLowerCase()) continue;
    const message = `The role assignment already exists. The ID of the existing role assignment is ${name.replaceAll("-", "")}.`;
    throw AzureError.arm(409, "RoleAssignmentExists", message);
  }
}

/** Entra is asked only where the caller does not say what kind of principal it is, which is why callers should. */
function requirePrincipal(
  { principalId }: RoleAssignment,
  identities: Iterable<{ readonly principalId: string }>,
  tenantId: string,
): void {
  for (const identity of identities) if (identity.principalId === principalId) return;
  const message =
    `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${tenantId}. Check that you have the ` +
    "correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be " +
    "related to a replication delay. In this case, set the role assignment principalType property to a value, such as " +
    "ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype";
  throw AzureError.arm(400, "PrincipalNotFound", message);
}

/** At the scope, above it and below it, as Azure lists; `$filter=principalId eq '…'` or `assignedTo('…')` narrows, `atScope()` leaves out what is below. */
function list({ context, names, query }: ArmCall): RoleAssignment[] {
  const scope = (names["scope"] ?? "").toLowerCase();
  const filter = query.get("$filter") ?? "";
  const principal = /(?:principalId eq |assignedTo\()'([^']+)'/i.exec(filter)?.[1]?.toLowerCase();
  const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`);
  return [...context.state.roleAssignments.values()].filter((one) => {
    const at = one.scope.toLowerCase();
    const inReach = within(scope, at) || (!/atScope\(\)/i.test(filter) && within(at, scope));
    return inReach && (principal === undefined || one.principalId === principal);
  });
}

function document({ id, name, scope, roleId, principalId, principalType }: RoleAssignment): unknown {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  return {
    id,
    name,
    type,
    properties: {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      principalId,
      principalType: principalType ?? "ServicePrincipal",
      scope,
    },
  };
}
