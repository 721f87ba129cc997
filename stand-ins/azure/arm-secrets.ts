import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { armRoutes, armTags, parseBody, resourceNotFound, type ArmCall } from "./arm-request.ts";
import { existingVault, vaultPath } from "./arm-vaults.ts";
import { AzureError } from "./azure-error.ts";
import { nowInSeconds } from "./context.ts";
import { isSecretName, secretBody } from "./secret-documents.ts";
import type { Secret } from "./state-schema.ts";
import type { SecretInput } from "./vault-secrets.ts";

const body = z.object({ properties: secretBody.omit({ tags: true }), tags: armTags });

const type = "Microsoft.KeyVault/vaults/secrets";

/** Microsoft.KeyVault/vaults/secrets: a value goes in and never comes out, and only the data plane deletes it. */
export const vaultSecretRoutes = armRoutes<Secret>({
  path: `${vaultPath}/secrets/:secret`,
  kind: "secrets",
  list: (call) => existingVault(call).secrets.live(),
  find: (call) => existingVault(call).secrets.find(call.names["secret"] ?? ""),
  notFound: (call) => resourceNotFound(call, type, `${existingVault(call).name}/${call.names["secret"] ?? ""}`),
  put,
  document,
});

/** Equal properties make no new version, so that a deployment may be repeated. */
function put(call: ArmCall, before: Secret | undefined): Secret {
  const name = call.names["secret"] ?? "";
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
  const current = before?.versions.at(-1);
  if (before !== undefined && current !== undefined && isDeepStrictEqual(comparable(current), comparable(input))) {
    return before;
  }
  return existingVault(call).secrets.set(name, input, nowInSeconds(call.context)).secret;
}

function comparable({ value, contentType, tags, enabled = true, nbf, exp }: SecretInput) {
  return { value, contentType, tags: tags ?? {}, enabled, nbf, exp };
}

function document(secret: Secret, call: ArmCall): unknown {
  const vault = existingVault(call);
  const uri = `${call.context.origin}/secrets/${secret.name}`;
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
