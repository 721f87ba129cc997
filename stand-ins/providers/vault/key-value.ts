import { isDeepStrictEqual } from "node:util";
import { textAt, type JsonObject } from "../property-value.ts";
import { durationInSeconds, requestBody, responseFields, vaultType } from "./vault-type.ts";

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
    const { deleteVersionAfter } = inputs;
    const lifetime = typeof deleteVersionAfter === "number" ? { delete_version_after: `${deleteVersionAfter}s` } : {};
    await client.write(id, { ...requestBody(inputs, ["casRequired", "maxVersions"]), ...lifetime });
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

/** `vault:kv/secretV2:SecretV2`: a value as a resource. This program has none; its rules refuse such a resource. */
export const secretV2 = vaultType({
  fields: {
    data: { output: true, secret: true },
    dataJson: { secret: true },
    deleteAllVersions: { default: false },
    disableRead: { default: false },
    metadata: { output: true },
    mount: { replaces: true },
    name: { replaces: true, generated: true },
    path: { output: true },
  },
  idOf: (_client, inputs) => `${textAt(inputs, "mount")}/data/${textAt(inputs, "name")}`,
  async create(client, id, inputs) {
    await client.write(id, { data: JSON.parse(textAt(inputs, "dataJson")) as JsonObject });
  },
  update(client, id, inputs) {
    return this.create(client, id, inputs);
  },
  async read(client, id, inputs) {
    const found = await client.read(id);
    if (found?.["data"] === undefined || found["data"] === null) return undefined;
    const data = found["data"] as JsonObject;
    const [mount = "", name = ""] = id.split("/data/");
    const texts = Object.entries(data).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const dataJson = inputs["dataJson"] === undefined ? "null" : textAt(inputs, "dataJson");
    return {
      ...inputs,
      mount,
      name,
      path: id,
      data: Object.fromEntries(texts) as JsonObject,
      dataJson: isDeepStrictEqual(JSON.parse(dataJson), data) ? dataJson : JSON.stringify(data),
      ...responseFields(found, ["metadata"]),
    };
  },
  remove: (client, id, inputs) =>
    client.delete(inputs["deleteAllVersions"] === true ? id.replace("/data/", "/metadata/") : id),
});
