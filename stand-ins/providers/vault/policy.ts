import { textAt } from "../property-value.ts";
import { vaultType } from "./vault-type.ts";

/**
 * `vault:index/policy:Policy`. Writing one over another of the same name is no error for Vault. One that was deleted
 * reads as an empty one, so the plan says update.
 */
export const policy = vaultType({
  fields: { name: { replaces: true, generated: true }, policy: {} },
  idOf: (_client, inputs) => textAt(inputs, "name"),
  async create(client, id, inputs) {
    await client.write(`sys/policies/acl/${id}`, { policy: inputs["policy"] ?? "" });
  },
  update(client, id, inputs) {
    return this.create(client, id, inputs);
  },
  async read(client, id) {
    const found = await client.read(`sys/policies/acl/${id}`);
    return { name: id, policy: found?.["policy"] ?? "" };
  },
  remove: (client, id) => client.delete(`sys/policies/acl/${id}`),
});
