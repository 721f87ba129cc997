import { z } from "zod";
import { armLocation, armRoute, armTags, parseBody, type ArmCall } from "./arm-request.ts";
import { softDeleteVault } from "./arm-vaults.ts";
import { AzureError } from "./azure-error.ts";
import type { AzureAnswer } from "./http.ts";
import type { ResourceGroup } from "./state-schema.ts";

const groupBody = z.object({ location: armLocation, tags: armTags });

/** Microsoft.Resources/resourceGroups. Deleting one deletes what is in it; vaults go into soft delete. */
export const resourceGroupRoutes = [
  armRoute("/subscriptions/:subscription/resourceGroups", "resource-groups", ({ context, method, names }) => {
    if (method !== "GET") return undefined;
    const prefix = `/subscriptions/${names["subscription"] ?? ""}/`.toLowerCase();
    const groups = [...context.state.resourceGroups.values()].filter(({ id }) => id.toLowerCase().startsWith(prefix));
    return { status: 200, body: { value: groups.map(document) } };
  }),
  armRoute("/subscriptions/:subscription/resourceGroups/:group", "resource-groups", (call) => {
    if (call.method === "PUT") return put(call);
    if (call.method === "GET") return { status: 200, body: document(existing(call)) };
    return call.method === "DELETE" ? remove(call) : undefined;
  }),
];

function put({ context, id, names, body }: ArmCall): AzureAnswer {
  const { location, tags } = parseBody(groupBody, body);
  const { resourceGroups } = context.state;
  const before = resourceGroups.get(id.toLowerCase());
  if (before !== undefined && before.location !== location) {
    const message = `Invalid resource group location '${location}'. The Resource group already exists in location '${before.location}'.`;
    throw AzureError.arm(409, "InvalidResourceGroupLocation", message);
  }
  const group = { id: before?.id ?? id, name: before?.name ?? names["group"] ?? "", location, ...(tags && { tags }) };
  resourceGroups.set(id.toLowerCase(), group);
  return { status: before === undefined ? 201 : 200, body: document(group) };
}

function existing({ context, id, names }: ArmCall): ResourceGroup {
  const group = context.state.resourceGroups.get(id.toLowerCase());
  if (group !== undefined) return group;
  throw AzureError.arm(404, "ResourceGroupNotFound", `Resource group '${names["group"] ?? ""}' could not be found.`);
}

function remove(call: ArmCall): AzureAnswer {
  const { state } = call.context;
  const group = existing(call);
  const within = `${group.id.toLowerCase()}/`;
  for (const [id, vault] of state.vaults) if (id.startsWith(within)) softDeleteVault(call.context, vault);
  for (const all of [state.identities, state.roleAssignments]) {
    for (const id of all.keys()) if (id.startsWith(within)) all.delete(id);
  }
  state.resourceGroups.delete(group.id.toLowerCase());
  return { status: 200 };
}

function document(group: ResourceGroup): unknown {
  return { ...group, type: "Microsoft.Resources/resourceGroups", properties: { provisioningState: "Succeeded" } };
}
