import { z } from "zod";
import { armLocation, armRoutes, armTags, groupNotFound, parseBody, within, type ArmCall } from "./arm-request.ts";
import { softDeleteVault } from "./arm-vaults.ts";
import { AzureError } from "./azure-error.ts";
import type { ResourceGroup } from "./state-schema.ts";

const groupBody = z.object({ location: armLocation, tags: armTags });

/** Microsoft.Resources/resourceGroups. Deleting one deletes what is in it; vaults go into soft delete. */
export const resourceGroupRoutes = armRoutes<ResourceGroup>({
  path: "/subscriptions/:subscription/resourceGroups/:group",
  kind: "resource-groups",
  list: ({ context, id }) => within(context.state.resourceGroups, id),
  find: ({ context, id }) => context.state.resourceGroups.get(id.toLowerCase()),
  notFound: groupNotFound,
  put,
  remove,
  document: (group) => {
    return { ...group, type: "Microsoft.Resources/resourceGroups", properties: { provisioningState: "Succeeded" } };
  },
});

function put({ context, id, names, body }: ArmCall, before: ResourceGroup | undefined): ResourceGroup {
  const { location, tags } = parseBody(groupBody, body);
  if (before !== undefined && before.location !== location) {
    const message = `Invalid resource group location '${location}'. The Resource group already exists in location '${before.location}'.`;
    throw AzureError.arm(409, "InvalidResourceGroupLocation", message);
  }
  const group = { id: before?.id ?? id, name: before?.name ?? names["group"] ?? "", location, ...(tags && { tags }) };
  context.state.resourceGroups.set(id.toLowerCase(), group);
  return group;
}

function remove({ context }: ArmCall, { id }: ResourceGroup): void {
  const { vaults, identities, roleAssignments, resourceGroups } = context.state;
  for (const vault of within(vaults, id)) softDeleteVault(context, vault);
  for (const all of [identities, roleAssignments]) {
    for (const inside of within<{ readonly id: string }>(all, id)) all.delete(inside.id.toLowerCase());
  }
  resourceGroups.delete(id.toLowerCase());
}
