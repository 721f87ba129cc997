import { textAt, type Json, type JsonObject } from "../property-value.ts";
import { given, mountAt, trimmed } from "./mount.ts";
import type { VaultClient } from "./vault-client.ts";
import { requestBody } from "./request-body.ts";
import type { ResourceType } from "../resource-type.ts";

const tuneFields = [
  "allowedResponseHeaders",
  "auditNonHmacRequestKeys",
  "auditNonHmacResponseKeys",
  "defaultLeaseTtl",
  "listingVisibility",
  "maxLeaseTtl",
  "passthroughRequestHeaders",
  "tokenType",
];

/** `vault:index/authBackend:AuthBackend`: an auth method. */
export const authBackend: ResourceType<VaultClient> = {
  inputs: ["path", "type", "description", "local"],
  replaceOnChange: ["type", "local", "namespace"],
  computed: ["accessor", "path", "tune"],
  moves: true,
  idOf: (_client, properties) => pathOf(properties),
  async create(client, id, inputs) {
    await client.write(`sys/auth/${id}`, {
      type: inputs["type"] ?? null,
      ...given("description", inputs["description"]),
      ...given("local", inputs["local"]),
      ...given("identity_token_key", inputs["identityTokenKey"]),
      config: requestBody((inputs["tune"] ?? {}) as JsonObject, tuneFields),
    });
  },
  async update(client, id, inputs, oldInputs) {
    const path = pathOf(inputs);
    if (path !== id) await client.write("sys/remount", { from: `auth/${id}`, to: `auth/${path}` });
    if (inputs["description"] !== oldInputs["description"]) {
      await client.write(`sys/mounts/auth/${path}/tune`, { description: inputs["description"] ?? "" });
    }
    await tune(client, path, inputs);
  },
  async read(client, id, inputs) {
    const found = await mountAt(client, "sys/auth", id);
    if (found === undefined) return undefined;
    return {
      ...inputs,
      path: id,
      type: found["type"] ?? null,
      description: found["description"] ?? "",
      local: found["local"] ?? false,
      accessor: found["accessor"] ?? null,
      tune: tuneOf((found["config"] ?? {}) as JsonObject, (inputs["tune"] ?? {}) as JsonObject),
    };
  },
  remove: (client, id) => client.delete(`sys/auth/${id}`),
};

function pathOf(properties: JsonObject): string {
  return trimmed(textAt(properties, properties["path"] === undefined ? "type" : "path"));
}

async function tune(client: VaultClient, path: string, inputs: JsonObject): Promise<void> {
  if (inputs["tune"] === undefined) return;
  await client.write(`sys/mounts/auth/${path}/tune`, requestBody(inputs["tune"] as JsonObject, tuneFields));
}

/** Durations come back in seconds; one that means what the program wrote stays as the program wrote it. */
function tuneOf(config: JsonObject, asked: JsonObject): JsonObject {
  return {
    ...asked,
    defaultLeaseTtl: duration(config["default_lease_ttl"], asked["defaultLeaseTtl"]),
    maxLeaseTtl: duration(config["max_lease_ttl"], asked["maxLeaseTtl"]),
    ...given("tokenType", config["token_type"]),
  };
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function duration(seconds: Json | undefined, asked: Json | undefined): string {
  const parts = typeof asked === "string" ? [...asked.matchAll(/(\d+)([smh])/g)] : [];
  const meant = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? "s"] ?? 1), 0);
  return typeof asked === "string" && meant === seconds ? asked : `${Number(seconds ?? 0)}s`;
}
