import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AzureError } from "./answer.ts";
import {
  armType,
  badRequest,
  existing,
  inGroup,
  parseBody,
  requireResourceGroup,
  tracked,
  type ArmCall,
} from "./arm.ts";
import { effectiveAt } from "./context.ts";
import { Keyed } from "./keyed.ts";
import type { FederatedCredential, Identity } from "./state.ts";

const type = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** A recreated identity of the same name gets other ids. */
export const identities = armType<Identity>("identities", {
  type,
  path: inGroup(type),
  items: ({ context }) => context.state.identities,
  put(call, before) {
    requireResourceGroup(call);
    const { location, tags } = parseBody(tracked, call.body);
    const { state } = call.context;
    const { tags: _tags, ...kept } = before ?? {
      id: call.id,
      name: call.name,
      clientId: randomUUID(),
      principalId: randomUUID(),
      tenantId: state.tenantId,
      federatedCredentials: new Keyed<FederatedCredential>(({ id }) => id),
    };
    return state.identities.set({ ...kept, location, ...(tags && { tags }) });
  },
  remove: ({ context }, identity) => context.state.identities.delete(identity),
  document: ({ id, name, location, tags = {}, clientId, principalId, tenantId }) => {
    return { id, name, location, tags, properties: { tenantId, principalId, clientId } };
  },
});

const credentialBody = z.object({
  properties: z.object({
    issuer: z.string().min(1),
    subject: z.string().min(1),
    audiences: z.array(z.string().min(1)),
  }),
});

const credentialType = `${type}/federatedIdentityCredentials`;

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const maxPerIdentity = 20;

/** Ids of identities with a write of credentials in progress: Azure refuses a second one. */
const beingWritten = new Set<string>();

const identityOf = (call: ArmCall): Identity => existing(call, call.context.state.identities, type);

export const federatedCredentials = armType<FederatedCredential>("federated-credentials", {
  type: credentialType,
  path: inGroup(credentialType),
  items: (call) => identityOf(call).federatedCredentials,
  put: (call, before) =>
    oneAtATime(call, (identity) => {
      const { id, name } = before ?? call;
      const { properties } = parseBody(credentialBody, call.body);
      check(identity, name, properties);
      return identity.federatedCredentials.set({ id, name, ...properties, effectiveAt: effectiveAt(call.context) });
    }),
  remove: (call, credential) => oneAtATime(call, (identity) => identity.federatedCredentials.delete(credential)),
  document: ({ id, name, issuer, subject, audiences }) => ({ id, name, properties: { issuer, subject, audiences } }),
});

async function oneAtATime<T>(call: ArmCall, write: (identity: Identity) => T): Promise<T> {
  const identity = identityOf(call);
  if (beingWritten.has(identity.principalId)) {
    const message =
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity.id}'. ` +
      "Concurrent Federated Identity Credentials writes under the same managed identity are not supported.";
    throw AzureError.arm(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", message);
  }
  beingWritten.add(identity.principalId);
  try {
    const written = write(identity);
    await sleep(call.context.settings.federatedWriteInMilliseconds);
    return written;
  } finally {
    beingWritten.delete(identity.principalId);
  }
}

function check(identity: Identity, name: string, wanted: z.output<typeof credentialBody>["properties"]): void {
  if (!/^[a-z0-9][a-z0-9_-]{2,119}$/i.test(name)) {
    throw badRequest(
      `The federated identity credential name '${name}' is invalid: use 3 to 120 letters, digits, '-' and '_'.`,
    );
  }
  const { issuer, subject, audiences } = wanted;
  if (audiences.length !== 1) throw badRequest("A federated identity credential must specify exactly one audience.");
  const others = [...identity.federatedCredentials].filter((one) => one.name.toLowerCase() !== name.toLowerCase());
  if (others.some((one) => one.issuer === issuer && one.subject === subject)) {
    throw badRequest("Issuer and subject combination already exists for this Managed Identity.");
  }
  if (others.length >= maxPerIdentity) {
    throw badRequest(
      `The managed identity '${identity.id}' has ${maxPerIdentity} federated identity credentials already, which is the limit.`,
    );
  }
}
