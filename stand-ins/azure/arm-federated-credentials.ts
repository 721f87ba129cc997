import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { existingIdentity, identitiesInGroup } from "./arm-identities.ts";
import { armRoute, found, parseBody, type ArmCall } from "./arm-request.ts";
import { AzureError } from "./azure-error.ts";
import type { AzureAnswer } from "./http.ts";
import type { FederatedCredential, Identity } from "./state-schema.ts";

const body = z.object({
  properties: z.object({
    issuer: z.string().min(1),
    subject: z.string().min(1),
    audiences: z.array(z.string().min(1)),
  }),
});

const type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const maxPerIdentity = 20;

const underIdentity = `${identitiesInGroup}/:identity/federatedIdentityCredentials`;

/** Identities whose credentials are being written right now; Azure refuses a second write, in whatever direction. */
const beingWritten = new WeakSet<Identity>();

/** Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials. */
export const federatedCredentialRoutes = [
  armRoute(underIdentity, "federated-credentials", (call) => {
    if (call.method !== "GET") return undefined;
    return { status: 200, body: { value: existingIdentity(call).federatedCredentials.map(document) } };
  }),
  armRoute(`${underIdentity}/:credential`, "federated-credentials", (call) => {
    const identity = existingIdentity(call);
    if (call.method === "PUT") return oneAtATime(call, identity, () => put(call, identity));
    if (call.method === "DELETE") return oneAtATime(call, identity, () => remove(call, identity));
    if (call.method !== "GET") return undefined;
    const name = call.names["credential"] ?? "";
    return { status: 200, body: document(found(find(identity, name), type, call, `${identity.name}/${name}`)) };
  }),
];

async function oneAtATime({ context }: ArmCall, identity: Identity, write: () => AzureAnswer): Promise<AzureAnswer> {
  if (beingWritten.has(identity)) {
    const message =
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity.id}'. ` +
      "Concurrent Federated Identity Credentials writes under the same managed identity are not supported.";
    throw AzureError.arm(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", message);
  }
  beingWritten.add(identity);
  try {
    const answer = write();
    await sleep(context.settings.federatedWriteInMilliseconds);
    return answer;
  } finally {
    beingWritten.delete(identity);
  }
}

function put({ context, id, names, body: sent }: ArmCall, identity: Identity): AzureAnswer {
  const name = names["credential"] ?? "";
  const { issuer, subject, audiences } = parseBody(body, sent).properties;
  check(identity, name, issuer, subject, audiences);
  const before = find(identity, name);
  const credential: FederatedCredential = {
    id: before?.id ?? id,
    name: before?.name ?? name,
    issuer,
    subject,
    audiences,
    effectiveAt: context.now() + context.settings.propagationInSeconds * 1000,
  };
  if (before === undefined) identity.federatedCredentials.push(credential);
  else Object.assign(before, credential);
  return { status: before === undefined ? 201 : 200, body: document(credential) };
}

function check(identity: Identity, name: string, issuer: string, subject: string, audiences: readonly string[]): void {
  if (!/^[a-z0-9][a-z0-9_-]{2,119}$/i.test(name)) {
    throw badRequest(
      `The federated identity credential name '${name}' is invalid: use 3 to 120 letters, digits, '-' and '_'.`,
    );
  }
  if (audiences.length !== 1) throw badRequest("A federated identity credential must specify exactly one audience.");
  const others = identity.federatedCredentials.filter((one) => one.name.toLowerCase() !== name.toLowerCase());
  if (others.some((one) => one.issuer === issuer && one.subject === subject)) {
    throw badRequest("Issuer and subject combination already exists for this Managed Identity.");
  }
  if (others.length >= maxPerIdentity) {
    throw badRequest(
      `The managed identity '${identity.id}' has ${maxPerIdentity} federated identity credentials already, which is the limit.`,
    );
  }
}

function remove({ names }: ArmCall, identity: Identity): AzureAnswer {
  const credential = find(identity, names["credential"] ?? "");
  if (credential === undefined) return { status: 204 };
  identity.federatedCredentials.splice(identity.federatedCredentials.indexOf(credential), 1);
  return { status: 200 };
}

function find({ federatedCredentials }: Identity, name: string): FederatedCredential | undefined {
  return federatedCredentials.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

function badRequest(message: string): AzureError {
  return AzureError.arm(400, "BadRequest", message);
}

function document({ id, name, issuer, subject, audiences }: FederatedCredential): unknown {
  return { id, name, type, properties: { issuer, subject, audiences } };
}
