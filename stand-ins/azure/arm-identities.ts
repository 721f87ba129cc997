import { randomUUID } from "node:crypto";
import { z } from "zod";
import {
  armLocation,
  armRoutes,
  armTags,
  parseBody,
  requireResourceGroup,
  resourceNotFound,
  within,
  type ArmCall,
} from "./arm-request.ts";
import type { AzureError } from "./azure-error.ts";
import type { Identity } from "./state-schema.ts";

const body = z.object({ location: armLocation, tags: armTags });

const type = "Microsoft.ManagedIdentity/userAssignedIdentities";
export const identityPath = `/subscriptions/:subscription/resourceGroups/:group/providers/${type}/:identity`;

/** Microsoft.ManagedIdentity/userAssignedIdentities. Its ids are made with it: another one of the same name has others. */
export const identityRoutes = armRoutes<Identity>({
  path: identityPath,
  kind: "identities",
  list: ({ context, id }) => within(context.state.identities, id),
  find: ({ context, id }) => context.state.identities.get(id.toLowerCase()),
  notFound,
  put,
  remove: ({ context }, { id }) => void context.state.identities.delete(id.toLowerCase()),
  document: ({ id, name, location, tags, clientId, principalId, tenantId }) => {
    return { id, name, type, location, tags: tags ?? {}, properties: { tenantId, principalId, clientId } };
  },
});

/** The identity that the id is, or is below. @throws AzureError 404 ResourceNotFound. */
export function existingIdentity(call: ArmCall): Identity {
  const id = call.id.split("/").slice(0, identityPath.split("/").length).join("/");
  const identity = call.context.state.identities.get(id.toLowerCase());
  if (identity === undefined) throw notFound(call);
  return identity;
}

function notFound(call: ArmCall): AzureError {
  return resourceNotFound(call, type, call.names["identity"] ?? "");
}

function put(call: ArmCall, before: Identity | undefined): Identity {
  requireResourceGroup(call);
  const { context, id, names } = call;
  const { location, tags } = parseBody(body, call.body);
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
  return identity;
}
