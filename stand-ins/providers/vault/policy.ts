import { generatedName } from "../generated-name.ts";
import { textAt } from "../property-value.ts";
import type { ResourceType } from "../resource-type.ts";
import type { VaultClient } from "./vault-client.ts";

/** `vault:index/policy:Policy`. Writing one over another of the same name is no error for Vault. */
export const policy: ResourceType<VaultClient> = {
  inputs: ["name", "policy"],
  replaceOnChange: ["name", "namespace"],
  computed: [],
  check: ({ name, inputs, oldInputs, randomSeed }) =>
    inputs["name"] === undefined
      ? { ...inputs, name: oldInputs["name"] ?? generatedName(name, randomSeed, "-") }
      : inputs,
  idOf: (_client, inputs) => textAt(inputs, "name"),
  async create(client, id, inputs) {
    await client.write(`sys/policies/acl/${id}`, { policy: inputs["policy"] ?? "" });
  },
  update(client, id, inputs) {
    return this.create(client, id, inputs);
  },
  async read(client, id, inputs) {
    const found = await client.read(`sys/policies/acl/${id}`);
    return found === undefined ? undefined : { ...inputs, name: id, policy: found["policy"] ?? "" };
  },
  remove: (client, id) => client.delete(`sys/policies/acl/${id}`),
};
