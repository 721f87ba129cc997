import { textAt, type Json, type JsonObject } from "../property-value.ts";
import type { ProviderVault } from "./provider-vault.ts";
import { requestBody, responseFields, vaultType } from "./vault-type.ts";

/** `vault:index/mount:Mount`: a secrets engine. */
export const mount = vaultType({
  fields: {
    accessor: { output: true },
    allowedManagedKeys: { set: true },
    allowedResponseHeaders: {},
    auditNonHmacRequestKeys: { computed: true },
    auditNonHmacResponseKeys: { computed: true },
    defaultLeaseTtlSeconds: { computed: true },
    delegatedAuthAccessors: {},
    description: {},
    externalEntropyAccess: { default: false, replaces: true },
    forceNoCache: { computed: true },
    identityTokenKey: {},
    listingVisibility: {},
    local: { replaces: true },
    maxLeaseTtlSeconds: { computed: true },
    options: {},
    passthroughRequestHeaders: {},
    path: {},
    pluginVersion: {},
    sealWrap: { computed: true, replaces: true },
    type: { replaces: true },
  },
  moves: true,
  idOf: (_client, properties) => trimmed(textAt(properties, "path")),
  async create(client, id, inputs) {
    const root = ["type", "description", "options", "local", "sealWrap", "externalEntropyAccess"];
    await client.write(`sys/mounts/${id}`, { ...requestBody(inputs, root), config: tuning(inputs) });
  },
  async update(client, id, inputs) {
    const path = trimmed(textAt(inputs, "path"));
    if (path !== id) await client.write("sys/remount", { from: id, to: path });
    await client.write(`sys/mounts/${path}/tune`, {
      ...tuning(inputs),
      description: inputs["description"] ?? "",
      ...requestBody(inputs, ["options"]),
    });
  },
  async read(client, id, inputs) {
    const found = await mountAt(client, "sys/mounts", id);
    if (found === undefined) return undefined;
    const config = (found["config"] ?? {}) as JsonObject;
    return {
      ...inputs,
      path: id,
      // `kv-v2` is an alias of `kv` with the option version 2; Vault answers `kv`
      type: inputs["type"] === "kv-v2" && found["type"] === "kv" ? "kv-v2" : (found["type"] ?? null),
      description: found["description"] ?? "",
      accessor: found["accessor"] ?? null,
      ...responseFields(config, [...tunedFields, "allowedManagedKeys", "delegatedAuthAccessors", "forceNoCache"]),
      ...responseFields(config, ["identityTokenKey"]),
      defaultLeaseTtlSeconds: config["default_lease_ttl"] ?? 0,
      maxLeaseTtlSeconds: config["max_lease_ttl"] ?? 0,
      local: found["local"] ?? false,
      sealWrap: found["seal_wrap"] ?? false,
      externalEntropyAccess: found["external_entropy_access"] ?? false,
      ...responseFields(found, ["options"]),
    };
  },
  remove: (client, id) => client.delete(`sys/mounts/${id}`),
});

const tunedFields = [
  "allowedResponseHeaders",
  "auditNonHmacRequestKeys",
  "auditNonHmacResponseKeys",
  "listingVisibility",
  "passthroughRequestHeaders",
];

function tuning(inputs: JsonObject): JsonObject {
  const { defaultLeaseTtlSeconds, maxLeaseTtlSeconds } = inputs;
  const leases = { defaultLeaseTtl: seconds(defaultLeaseTtlSeconds), maxLeaseTtl: seconds(maxLeaseTtlSeconds) };
  return requestBody({ ...inputs, ...leases }, [...tunedFields, ...Object.keys(leases)]);
}

/** Null is omitted from a request. */
function seconds(value: Json | undefined): string | null {
  return typeof value === "number" ? `${value}s` : null;
}

/** An entry of `sys/mounts` or `sys/auth`, where keys end in a slash. */
export async function mountAt(client: ProviderVault, list: string, path: string): Promise<JsonObject | undefined> {
  const mounts = await client.read(list);
  return mounts?.[`${path}/`] as JsonObject | undefined;
}

export function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
