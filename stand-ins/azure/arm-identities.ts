import { randomUUID } from "node:crypto";
import { z } from "zod";
import { armLocation, armRoute, armTags, found, parseBody, requireResourceGroup, type ArmCall } from "./arm-request.ts";
import type { AzureAnswer } from "./http.ts";
import type { Identity } from "./state-schema.ts";

const body = z.object({ location: armLocation, tags: armTags });

const type = "Microsoft.ManagedIdentity/userAssignedIdentities";
export const identitiesInGroup =
  "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

/** Microsoft.ManagedIdentity/userAssignedIdentities. Its ids are made with it: another one of the same name has others. */
export const identityRoutes = [
  armRoute(identitiesInGroup, "identities", ({ context, id, method }) => {
    if (method !== "GET") return undefined;
    const within = `${id.toLowerCase()}/`;
    const identities = [...context.state.identities.values()].filter((one) => one.id.toLowerCase().startsWith(within));
    return { status: 200, body: { value: identities.map(document) } };
  }),
  armRoute(`${identitiesInGroup}/:identity`, "identities", (call) => {
    if (call.method === "PUT") return put(call);
    if (call.method === "GET") return { status: 200, body: document(existingIdentity(call)) };
    if (call.method !== "DELETE") return undefined;
    return { status: call.context.state.identities.delete(call.id.toLowerCase()) ? 200 : 204 };
  }),
];

/** @throws AzureError 404 ResourceNotFound. */
export function existingIdentity(call: ArmCall): Identity {
  requireResourceGroup(call);
  const { subscription = "", group = "", identity: name = "" } = call.names;
  const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
  return found(call.context.state.identities.get(id.toLowerCase()), type, call, name);
}

function put(call: ArmCall): AzureAnswer {
  requireResourceGroup(call);
  const { context, id, names } = call;
  const { location, tags } = parseBody(body, call.body);
  const before = context.state.identities.get(id.toLowerCase());
  const identity: Identity = {
    id: before?.id ?? id,
    name: before?.name ?? names["identity"] ?? "",
    location,
    ...(tags && { tags }),
    clientId: before?.clientId ?? randomUUID(),
    principalId: before?.principalId ?? randomUUID(),
    tenantId: context.state.tenantId,
    federatedCredentials: before?.federatedCredentials ?? [],
  };
  context.state.identities.set(id.toLowerCase(), identity);
  return { status: before === undefined ? 201 : 200, body: document(identity) };
}

function document({ id, name, location, tags, clientId, principalId, tenantId }: Identity): unknown {
  return { id, name, type, location, tags: tags ?? {}, properties: { tenantId, principalId, clientId } };
}
