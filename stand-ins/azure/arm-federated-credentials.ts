import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { existingIdentity, identityPath } from "./arm-identities.ts";
import { armRoutes, parseBody, resourceNotFound, type ArmCall } from "./arm-request.ts";
import { AzureError } from "./azure-error.ts";
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

/** Identities with a write of credentials in progress; Azure refuses a second write, in whatever direction. */
const beingWritten = new WeakSet<Identity>();

/** Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials. */
export const federatedCredentialRoutes = armRoutes<FederatedCredential>({
  path: `${identityPath}/federatedIdentityCredentials/:credential`,
  kind: "federated-credentials",
  list: (call) => existingIdentity(call).federatedCredentials,
  find: (call) => existingIdentity(call).federatedCredentials.find((one) => isNamed(one, call.names["credential"])),
  notFound: (call) => resourceNotFound(call, type, `${existingIdentity(call).name}/${call.names["credential"] ?? ""}`),
  put: (call, before) => oneAtATime(call, (identity) => put(call, identity, before)),
  remove: (call, credential) =>
    oneAtATime(call, ({ federatedCredentials }) => {
      federatedCredentials.splice(federatedCredentials.indexOf(credential), 1);
    }),
  document: ({ id, name, issuer, subject, audiences }) => {
    return { id, name, type, properties: { issuer, subject, audiences } };
  },
});

async function oneAtATime<T>(call: ArmCall, write: (identity: Identity) => T): Promise<T> {
  const identity = existingIdentity(call);
  if (beingWritten.has(identity)) {
    const message =
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity.id}'. ` +
      "Concurrent Federated Identity Credentials writes under the same managed identity are not supported.";
    throw AzureError.arm(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", message);
  }
  beingWritten.add(identity);
  try {
    const written = write(identity);
    await sleep(call.context.settings.federatedWriteInMilliseconds);
    return written;
  } finally {
    beingWritten.delete(identity);
  }
}

function put(
  { context, id, names, body: sent }: ArmCall,
  identity: Identity,
  before: FederatedCredential | undefined,
): FederatedCredential {
  const name = names["credential"] ?? "";
  const { issuer, subject, audiences } = parseBody(body, sent).properties;
  check(identity, name, issuer, subject, audiences);
  const credential: FederatedCredential = {
    id: before?.id ?? id,
    name: before?.name ?? name,
    issuer,
    subject,
    audiences,
    effectiveAt: context.now() + context.settings.propagationInSeconds * 1000,
  };
  if (before !== undefined) return Object.assign(before, credential);
  identity.federatedCredentials.push(credential);
  return credential;
}

function check(identity: Identity, name: string, issuer: string, subject: string, audiences: readonly string[]): void {
  if (!/^[a-z0-9][a-z0-9_-]{2,119}$/i.test(name)) {
    throw badRequest(
      `The federated identity credential name '${name}' is invalid: use 3 to 120 letters, digits, '-' and '_'.`,
    );
  }
  if (audiences.length !== 1) throw badRequest("A federated identity credential must specify exactly one audience.");
  const others = identity.federatedCredentials.filter((one) => !isNamed(one, name));
  if (others.some((one) => one.issuer === issuer && one.subject === subject)) {
    throw badRequest("Issuer and subject combination already exists for this Managed Identity.");
  }
  if (others.length >= maxPerIdentity) {
    throw badRequest(
      `The managed identity '${identity.id}' has ${maxPerIdentity} federated identity credentials already, which is the limit.`,
    );
  }
}

function isNamed(credential: FederatedCredential, name = ""): boolean {
  return credential.name.toLowerCase() === name.toLowerCase();
}

function badRequest(message: string): AzureError {
  return AzureError.arm(400, "BadRequest", message);
}
