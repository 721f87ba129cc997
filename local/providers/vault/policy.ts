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
  async create(client, inputs) {
    const id = textAt(inputs, "name");
    await client.write(`sys/policies/acl/${id}`, { policy: inputs["policy"] ?? "" });
    return id;
  },
  async update(client, _id, inputs) {
    await this.create(client, inputs);
  },
  async read(client, id, inputs) {
    const found = await client.read(`sys/policies/acl/${id}`);
    return found === undefined ? undefined : { ...inputs, name: id, policy: found["policy"] ?? "" };
  },
  remove: (client, id) => client.delete(`sys/policies/acl/${id}`),
};
