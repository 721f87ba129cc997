import { AzureError } from "./answer.ts";
import { softDeleteVault } from "./arm-vaults.ts";
import { armType, groupNotFound, groupPath, parseBody, tracked } from "./arm.ts";
import type { ResourceGroup } from "./state.ts";

/** Deleting one deletes what is in it; vaults go into soft delete. */
export const resourceGroups = armType<ResourceGroup>("resource-groups", {
  type: "Microsoft.Resources/resourceGroups",
  path: groupPath,
  items: ({ context }) => context.state.resourceGroups,
  put({ context, body, id, name }, before) {
    const { location, tags } = parseBody(tracked, body);
    if (before !== undefined && before.location !== location) {
      const message = `Invalid resource group location '${location}'. The Resource group already exists in location '${before.location}'.`;
      throw AzureError.arm(409, "InvalidResourceGroupLocation", message);
    }
    const group = { id: before?.id ?? id, name: before?.name ?? name, location, ...(tags && { tags }) };
    return context.state.resourceGroups.set(group);
  },
  remove({ context }, group) {
    const { vaults, identities, roleAssignments } = context.state;
    for (const vault of vaults.below(group.id)) softDeleteVault(context, vault);
    for (const identity of identities.below(group.id)) identities.delete(identity);
    for (const assignment of roleAssignments.below(group.id)) roleAssignments.delete(assignment);
    context.state.resourceGroups.delete(group);
  },
  notFound: groupNotFound,
  document: (group) => ({ ...group, properties: { provisioningState: "Succeeded" } }),
});
