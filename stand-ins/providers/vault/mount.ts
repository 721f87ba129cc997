import { textAt, type JsonObject } from "../property-value.ts";
import { responseFields, vaultType } from "./vault-type.ts";
import type { ProviderVault } from "./provider-vault.ts";

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
    await client.write(`sys/mounts/${id}`, {
      type: inputs["type"] ?? null,
      ...given("description", inputs["description"]),
      ...given("options", inputs["options"]),
      ...given("local", inputs["local"]),
      ...given("seal_wrap", inputs["sealWrap"]),
      ...given("external_entropy_access", inputs["externalEntropyAccess"]),
      config: tuning(inputs),
    });
  },
  async update(client, id, inputs) {
    const path = trimmed(textAt(inputs, "path"));
    if (path !== id) await client.write("sys/remount", { from: id, to: path });
    await client.write(`sys/mounts/${path}/tune`, {
      ...tuning(inputs),
      description: inputs["description"] ?? "",
      ...given("options", inputs["options"]),
    });
  },
  async read(client, id, inputs) {
    const found = await mountAt(client, "sys/mounts", id);
    if (found === undefined) return undefined;
    const config = (found["config"] ?? {}) as JsonObject;
    return {
      ...inputs,
      path: id,
      // `kv-v2` is an alias of `kv` with the option version 2; the server answers with the latter.
      type: inputs["type"] === "kv-v2" && found["type"] === "kv" ? "kv-v2" : (found["type"] ?? null),
      description: found["description"] ?? "",
      accessor: found["accessor"] ?? null,
      ...responseFields(config, tunedFields),
      defaultLeaseTtlSeconds: config["default_lease_ttl"] ?? 0,
      maxLeaseTtlSeconds: config["max_lease_ttl"] ?? 0,
      local: found["local"] ?? false,
      sealWrap: found["seal_wrap"] ?? false,
      externalEntropyAccess: found["external_entropy_access"] ?? false,
      ...given("options", found["options"] ?? undefined),
    };
  },
  remove: (client, id) => client.delete(`sys/mounts/${id}`),
});

const tunedFields = [
  "allowedManagedKeys",
  "allowedResponseHeaders",
  "auditNonHmacRequestKeys",
  "auditNonHmacResponseKeys",
  "delegatedAuthAccessors",
  "forceNoCache",
  "identityTokenKey",
  "listingVisibility",
  "passthroughRequestHeaders",
];

/** One entry of `sys/mounts` or `sys/auth`; their keys end in a slash. */
export async function mountAt(client: ProviderVault, list: string, path: string): Promise<JsonObject | undefined> {
  const mounts = await client.read(list);
  return mounts?.[`${path}/`] as JsonObject | undefined;
}

/** Without slashes at its ends, as the lists' keys are but for their last one. */
export function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

export function given(name: string, value: JsonObject[string] | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function tuning(inputs: JsonObject): JsonObject {
  return {
    ...given("default_lease_ttl", seconds(inputs["defaultLeaseTtlSeconds"])),
    ...given("max_lease_ttl", seconds(inputs["maxLeaseTtlSeconds"])),
    ...given("audit_non_hmac_request_keys", inputs["auditNonHmacRequestKeys"]),
    ...given("audit_non_hmac_response_keys", inputs["auditNonHmacResponseKeys"]),
    ...given("listing_visibility", inputs["listingVisibility"]),
    ...given("passthrough_request_headers", inputs["passthroughRequestHeaders"]),
    ...given("allowed_response_headers", inputs["allowedResponseHeaders"]),
  };
}

function seconds(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === "number" ? `${value}s` : undefined;
}
