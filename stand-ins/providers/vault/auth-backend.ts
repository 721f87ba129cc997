import { textAt, type Json, type JsonObject } from "../property-value.ts";
import { mountAt, trimmed } from "./mount.ts";
import { durationInSeconds, requestBody, responseFields, unitSeconds, vaultType } from "./vault-type.ts";

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
export const authBackend = vaultType({
  fields: {
    accessor: { output: true },
    description: {},
    disableRemount: { default: false },
    identityTokenKey: {},
    local: { replaces: true },
    path: { computed: true },
    tune: { computed: true },
    type: { replaces: true },
  },
  moves: true,
  idOf: (_client, properties) => pathOf(properties),
  async create(client, id, inputs) {
    await client.write(`sys/auth/${id}`, {
      ...requestBody(inputs, ["type", "description", "local", "identityTokenKey"]),
      config: tuneBody(inputs),
    });
  },
  async update(client, id, inputs, oldOutputs) {
    const path = pathOf(inputs);
    if (path !== id) await client.write("sys/remount", { from: `auth/${id}`, to: `auth/${path}` });
    if (inputs["description"] !== oldOutputs["description"]) {
      await client.write(`sys/mounts/auth/${path}/tune`, { description: inputs["description"] ?? "" });
    }
    if (inputs["tune"] !== undefined) await client.write(`sys/mounts/auth/${path}/tune`, tuneBody(inputs));
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
});

function pathOf(properties: JsonObject): string {
  return trimmed(textAt(properties, properties["path"] === undefined ? "type" : "path"));
}

function tuneBody(inputs: JsonObject): JsonObject {
  return requestBody((inputs["tune"] ?? {}) as JsonObject, tuneFields);
}

/** Vault returns seconds; a duration equal to the program's keeps the program's spelling. */
function tuneOf(config: JsonObject, asked: JsonObject): JsonObject {
  return {
    ...asked,
    ...responseFields(config, tuneFields),
    defaultLeaseTtl: duration(config["default_lease_ttl"], asked["defaultLeaseTtl"]),
    maxLeaseTtl: duration(config["max_lease_ttl"], asked["maxLeaseTtl"]),
  };
}

/** Such as `768h` or `1h30m`. */
function duration(seconds: Json | undefined, asked: Json | undefined): string {
  let rest = durationInSeconds(seconds);
  if (typeof asked === "string" && durationInSeconds(asked) === rest) return asked;
  const parts = Object.entries(unitSeconds).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.join("") || "0s";
}
