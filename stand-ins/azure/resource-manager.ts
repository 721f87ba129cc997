import { AzureError, bearerToken, type AzureAnswer, type AzureRequest } from "./answer.ts";
import { federatedCredentials, identities } from "./arm-identities.ts";
import { roleAssignments } from "./arm-role-assignments.ts";
import { softDeleteVault, vaults, vaultSecrets } from "./arm-vaults.ts";
import { armType, groupNotFound, groupPath, parseBody, tracked, type ArmType } from "./arm.ts";
import type { AzureContext } from "./context.ts";
import type { ResourceGroup } from "./state.ts";

/** Deleting a group deletes its resources; vaults go into soft delete. */
const resourceGroups = armType<ResourceGroup>("resource-groups", {
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

/** Ordered: a role assignment's path begins with that of another resource. */
const types: readonly ArmType[] = [
  roleAssignments,
  resourceGroups,
  vaults,
  vaultSecrets,
  identities,
  federatedCredentials,
];

/** Name in the counters, such as `arm-read vaults`. */
export function armKind({ method, path }: AzureRequest): string {
  const type = types.find((one) => one.path.test(path));
  return `arm-${method === "GET" ? "read" : "write"} ${type?.kind ?? "unknown"}`;
}

/**
 * Answers only once the change is on disk: a crash must not lose what Pulumi has in its state.
 *
 * @throws AzureError in Resource Manager's shape.
 */
export async function answerResourceManager(context: AzureContext, request: AzureRequest): Promise<AzureAnswer> {
  const { method, path: id, query } = request;
  const { writer, subscriptionId } = context;
  await authorise(context, request);
  if (!query.has("api-version")) {
    const message = "The api-version query parameter (?api-version=) is required for all requests.";
    throw AzureError.arm(400, "MissingApiVersionParameter", message);
  }
  const [, , subscription = "", ...parts] = id.split("/");
  const type = types.find((one) => one.path.test(id));
  if (type !== undefined && subscriptionId !== undefined) {
    if (subscription.toLowerCase() !== subscriptionId.toLowerCase())
      throw AzureError.arm(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
  }
  const call = { context, id, name: parts.at(-1) ?? "", query, body: jsonBody(request) };
  const answer = await type?.answer(method, call);
  if (answer === undefined) {
    const message = `No route responded to '${method} ${id}'; the local Azure stand-in knows the types of this program only.`;
    throw AzureError.arm(404, "InvalidResourceType", message);
  }
  if (method === "GET") return answer;
  writer.changed();
  await writer.flush();
  return answer;
}

async function authorise({ authority, now }: AzureContext, request: AzureRequest): Promise<void> {
  const token = bearerToken(request);
  if (token === undefined) {
    const message = "Authentication failed. The 'Authorization' header is missing.";
    throw AzureError.arm(401, "AuthenticationFailed", message);
  }
  const caller = await authority.recognise(token, now());
  if (caller === undefined) throw AzureError.arm(401, "InvalidAuthenticationToken", "The access token is invalid.");
  if (caller.kind === "operator") return;
  const message =
    `The client '${caller.appId ?? ""}' with object id '${caller.objectId}' does not have authorization to perform ` +
    `action '${request.method}' over scope '${request.path}' or the scope is invalid. If access was recently granted, ` +
    "please refresh your credentials.";
  throw AzureError.arm(403, "AuthorizationFailed", message);
}

function jsonBody({ body }: AzureRequest): unknown {
  if (body === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    const message = "The request content was invalid and could not be deserialized.";
    throw AzureError.arm(400, "InvalidRequestContent", message);
  }
}
