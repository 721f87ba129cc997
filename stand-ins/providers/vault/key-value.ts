import { isDeepStrictEqual } from "node:util";
import { textAt, type JsonObject } from "../property-value.ts";
import { durationInSeconds, responseFields, vaultType } from "./vault-type.ts";

/** `vault:kv/secretBackendV2:SecretBackendV2`: settings of a KV v2 mount. They go with the mount. */
export const secretBackendV2 = vaultType({
  fields: {
    casRequired: { computed: true },
    deleteVersionAfter: {},
    maxVersions: { computed: true },
    mount: { replaces: true },
  },
  idOf: (_client, inputs) => `${textAt(inputs, "mount")}/config`,
  async create(client, id, inputs) {
    const { casRequired, maxVersions, deleteVersionAfter } = inputs;
    await client.write(id, {
      ...(casRequired === undefined ? {} : { cas_required: casRequired }),
      ...(maxVersions === undefined ? {} : { max_versions: maxVersions }),
      ...(typeof deleteVersionAfter === "number" ? { delete_version_after: `${deleteVersionAfter}s` } : {}),
    });
  },
  update(client, id, inputs) {
    return this.create(client, id, inputs);
  },
  async read(client, id) {
    const found = await client.read(id);
    return (
      found && {
        mount: id.slice(0, -"/config".length),
        casRequired: found["cas_required"] ?? false,
        maxVersions: found["max_versions"] ?? 0,
        deleteVersionAfter: durationInSeconds(found["delete_version_after"]),
      }
    );
  },
  remove: () => Promise.resolve(),
});

/** `vault:kv/secretV2:SecretV2`: a value as a resource. This program makes none; it is here for rules to refuse. */
export const secretV2 = vaultType({
  fields: {
    cas: {},
    customMetadata: { computed: true },
    data: { output: true, secret: true },
    dataJson: { secret: true },
    deleteAllVersions: { default: false },
    disableRead: { default: false },
    metadata: { output: true },
    mount: { replaces: true },
    name: { replaces: true, generated: true },
    options: {},
    path: { output: true },
  },
  idOf: (_client, inputs) => `${textAt(inputs, "mount")}/data/${textAt(inputs, "name")}`,
  async create(client, id, inputs) {
    const { cas, customMetadata } = inputs;
    const options = cas === undefined ? {} : { options: { cas } };
    await client.write(id, { data: JSON.parse(textAt(inputs, "dataJson")) as JsonObject, ...options });
    const custom = (customMetadata ?? {}) as JsonObject;
    if (Object.keys(custom).length > 0) await client.write(metadataPath(inputs), customMetadataBody(custom));
  },
  update(client, id, inputs) {
    return this.create(client, id, inputs);
  },
  async read(client, id, inputs) {
    const found = await client.read(id);
    if (found?.["data"] === undefined || found["data"] === null) return undefined;
    const split = id.indexOf("/data/");
    const data = found["data"] as JsonObject;
    return {
      ...inputs,
      mount: id.slice(0, split),
      name: id.slice(split + "/data/".length),
      path: id,
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, textOf(value)])),
      dataJson: sameJson(inputs["dataJson"], data) ? (inputs["dataJson"] ?? null) : JSON.stringify(data),
      ...responseFields(found, ["metadata"]),
    };
  },
  remove: (client, id, inputs) =>
    client.delete(inputs["deleteAllVersions"] === true ? id.replace("/data/", "/metadata/") : id),
});

function metadataPath(inputs: JsonObject): string {
  return `${textAt(inputs, "mount")}/metadata/${textAt(inputs, "name")}`;
}

function customMetadataBody({ maxVersions, casRequired, data }: JsonObject): JsonObject {
  return {
    ...(maxVersions === undefined ? {} : { max_versions: maxVersions }),
    ...(casRequired === undefined ? {} : { cas_required: casRequired }),
    ...(data === undefined ? {} : { custom_metadata: data }),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether the text means the same data, whatever its spaces and order of keys. */
function sameJson(text: unknown, data: JsonObject): boolean {
  try {
    return typeof text === "string" && isDeepStrictEqual(JSON.parse(text), data);
  } catch {
    return false;
  }
}
