import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { armRoute, armTags, found, parseBody, type ArmCall } from "./arm-request.ts";
import { existingVault } from "./arm-vaults.ts";
import { AzureError } from "./azure-error.ts";
import { nowInSeconds } from "./context.ts";
import type { AzureAnswer } from "./http.ts";
import { isSecretName, secretBody } from "./secret-documents.ts";
import type { Secret, SecretVersion } from "./state-schema.ts";
import type { Vault } from "./state.ts";
import type { SecretInput } from "./vault-secrets.ts";

const body = z.object({ properties: secretBody.omit({ tags: true }), tags: armTags });

const type = "Microsoft.KeyVault/vaults/secrets";
const inVault = "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.KeyVault/vaults/:vault/secrets";

/** Microsoft.KeyVault/vaults/secrets: a value goes in and never comes out, and only the data plane deletes it. */
export const vaultSecretRoutes = [
  armRoute(inVault, "secrets", (call) => {
    if (call.method !== "GET") return undefined;
    const vault = existingVault(call);
    return { status: 200, body: { value: vault.secrets.live().map((secret) => document(call, vault, secret)) } };
  }),
  armRoute(`${inVault}/:secret`, "secrets", (call) => {
    const vault = existingVault(call);
    const name = call.names["secret"] ?? "";
    if (call.method === "PUT") return put(call, vault, name);
    if (call.method === "GET") {
      return {
        status: 200,
        body: document(call, vault, found(vault.secrets.find(name), type, call, `${vault.name}/${name}`)),
      };
    }
    return undefined;
  }),
];

/** Equal properties make no new version, so that a deployment may be repeated. */
function put(call: ArmCall, vault: Vault, name: string): AzureAnswer {
  if (!isSecretName(name))
    throw AzureError.arm(
      400,
      "BadRequest",
      `The secret name '${name}' is invalid: use 1 to 127 letters, digits and hyphens.`,
    );
  const { properties, tags } = parseBody(body, call.body);
  const input: SecretInput = {
    value: properties.value,
    contentType: properties.contentType,
    tags,
    ...properties.attributes,
  };
  const before = vault.secrets.find(name);
  const current = before?.versions.at(-1);
  if (before !== undefined && current !== undefined && isDeepStrictEqual(inputOf(current), comparable(input))) {
    return { status: 200, body: document(call, vault, before) };
  }
  const { secret } = vault.secrets.set(name, input, nowInSeconds(call.context));
  return { status: before === undefined ? 201 : 200, body: document(call, vault, secret) };
}

function comparable({ value, contentType, tags, enabled = true, nbf, exp }: SecretInput) {
  return { value, contentType, tags: tags ?? {}, enabled, nbf, exp };
}

function inputOf(version: SecretVersion) {
  return comparable(version);
}

function document({ context }: ArmCall, vault: Vault, secret: Secret): unknown {
  const uri = `${context.origin}/secrets/${secret.name}`;
  const current = secret.versions.at(-1);
  return {
    id: `${vault.id}/secrets/${secret.name}`,
    name: secret.name,
    type,
    location: vault.location,
    tags: current?.tags ?? {},
    properties: {
      attributes: {
        enabled: current?.enabled ?? true,
        nbf: current?.nbf,
        exp: current?.exp,
        created: current?.created,
        updated: current?.updated,
      },
      contentType: current?.contentType,
      secretUri: uri,
      secretUriWithVersion: `${uri}/${current?.version ?? ""}`,
    },
  };
}
