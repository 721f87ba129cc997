import type { CheckRequest } from "../provider.ts";
import { textAt, type JsonObject, type PropertyMap } from "../property-value.ts";
import type { ResourceType } from "../resource-type.ts";
import { requestBody, responseFields } from "./request-body.ts";
import type { VaultClient } from "./vault-client.ts";

const configFields = [
  "disableIssValidation",
  "disableLocalCaJwt",
  "issuer",
  "kubernetesCaCert",
  "kubernetesHost",
  "pemKeys",
  "tokenReviewerJwt",
  "useAnnotationsAsAliasMetadata",
];

function withBackend({ inputs }: CheckRequest): PropertyMap {
  return inputs["backend"] === undefined ? { ...inputs, backend: "kubernetes" } : inputs;
}

/** `vault:kubernetes/authBackendConfig:AuthBackendConfig`. Vault has no way to take a configuration back. */
export const authBackendConfig: ResourceType<VaultClient> = {
  inputs: ["backend", ...configFields.filter((field) => field !== "tokenReviewerJwt")],
  replaceOnChange: ["backend", "namespace"],
  computed: ["disableIssValidation", "disableLocalCaJwt", "issuer", "kubernetesCaCert", "pemKeys"],
  secrets: ["tokenReviewerJwt"],
  check: withBackend,
  idOf: (_client, inputs) => `auth/${textAt(inputs, "backend")}/config`,
  ...writing(configFields),
  async read(client, id, inputs) {
    const found = await client.read(id);
    if (found === undefined) return undefined;
    return { ...inputs, backend: backendOf(id), ...responseFields(found, configFields, inputs) };
  },
  remove: () => Promise.resolve(),
};

const roleFields = [
  "aliasMetadata",
  "aliasNameSource",
  "audience",
  "boundServiceAccountNames",
  "boundServiceAccountNamespaces",
  "boundServiceAccountNamespaceSelector",
  "tokenBoundCidrs",
  "tokenExplicitMaxTtl",
  "tokenMaxTtl",
  "tokenNoDefaultPolicy",
  "tokenNumUses",
  "tokenPeriod",
  "tokenPolicies",
  "tokenTtl",
  "tokenType",
];

/** `vault:kubernetes/authBackendRole:AuthBackendRole`. */
export const authBackendRole: ResourceType<VaultClient> = {
  inputs: ["backend", "roleName", ...roleFields],
  replaceOnChange: ["backend", "roleName", "namespace"],
  sets: ["boundServiceAccountNames", "boundServiceAccountNamespaces", "tokenBoundCidrs", "tokenPolicies"],
  computed: ["aliasNameSource"],
  check: withBackend,
  idOf: (_client, inputs) => `auth/${textAt(inputs, "backend")}/role/${textAt(inputs, "roleName")}`,
  ...writing(roleFields),
  async read(client, id, inputs) {
    const found = await client.read(id);
    if (found === undefined) return undefined;
    const roleName = id.slice(id.lastIndexOf("/") + 1);
    return { ...inputs, backend: backendOf(id), roleName, ...responseFields(found, roleFields, inputs) };
  },
  remove: (client, id) => client.delete(id),
};

/** Made and changed by the same write. */
function writing(fields: readonly string[]): Pick<ResourceType<VaultClient>, "create" | "update"> {
  return {
    async create(client, id, inputs) {
      await client.write(id, requestBody(inputs, fields));
    },
    async update(client, id, inputs, oldInputs) {
      await client.write(id, requestBody({ ...removedFields(fields, inputs, oldInputs), ...inputs }, fields));
    },
  };
}

/** Vault keeps what a write leaves out; what the program took away goes back to its zero. */
function removedFields(fields: readonly string[], inputs: JsonObject, oldInputs: JsonObject): JsonObject {
  const removed = fields.filter((field) => inputs[field] === undefined && oldInputs[field] !== undefined);
  return Object.fromEntries(removed.map((field) => [field, zeroLike(oldInputs[field])]));
}

function zeroLike(value: unknown): string | number | boolean | never[] {
  if (Array.isArray(value)) return [];
  if (typeof value === "number") return 0;
  return typeof value === "boolean" ? false : "";
}

/** `auth/kubernetes/role/reader` to `kubernetes`; a mount may have slashes of its own. */
function backendOf(id: string): string {
  return id.replace(/^auth\//, "").replace(/\/(config|role\/[^/]+)$/, "");
}
