import { textAt } from "../property-value.ts";
import { responseFields, vaultType, writtenFields, type Field } from "./vault-type.ts";

const backend: Field = { default: "kubernetes", replaces: true };

const configFields: Readonly<Record<string, Field>> = {
  backend,
  disableIssValidation: { computed: true },
  disableLocalCaJwt: { computed: true },
  issuer: {},
  kubernetesCaCert: { computed: true },
  kubernetesHost: {},
  pemKeys: {},
  tokenReviewerJwt: { default: "", secret: true },
  tokenReviewerJwtWo: { secret: true },
  tokenReviewerJwtWoVersion: {},
  useAnnotationsAsAliasMetadata: { computed: true },
};

/** `vault:kubernetes/authBackendConfig:AuthBackendConfig`. Vault has no way to take a configuration back. */
export const authBackendConfig = vaultType({
  fields: configFields,
  idOf: (_client, inputs) => `auth/${textAt(inputs, "backend")}/config`,
  async create(client, id, inputs) {
    await client.write(id, writtenFields(configFields, inputs));
  },
  async update(client, id, inputs, oldOutputs) {
    await client.write(id, writtenFields(configFields, inputs, oldOutputs));
  },
  async read(client, id, inputs) {
    const found = await client.read(id);
    return found && { ...inputs, backend: backendOf(id), ...responseFields(found, Object.keys(configFields)) };
  },
  remove: () => Promise.resolve(),
});

/** Of the roles of every auth method. */
export const tokenFields: Readonly<Record<string, Field>> = {
  aliasMetadata: {},
  tokenBoundCidrs: { set: true },
  tokenExplicitMaxTtl: {},
  tokenMaxTtl: {},
  tokenNoDefaultPolicy: {},
  tokenNumUses: {},
  tokenPeriod: {},
  tokenPolicies: { set: true },
  tokenTtl: {},
  tokenType: { default: "default" },
};

const roleFields: Readonly<Record<string, Field>> = {
  ...tokenFields,
  aliasNameSource: { computed: true },
  audience: { default: "" },
  backend,
  boundServiceAccountNames: { set: true },
  boundServiceAccountNamespaces: { set: true },
  boundServiceAccountNamespaceSelector: {},
  roleName: { replaces: true },
};

/** `vault:kubernetes/authBackendRole:AuthBackendRole`. */
export const authBackendRole = vaultType({
  fields: roleFields,
  idOf: (_client, inputs) => `auth/${textAt(inputs, "backend")}/role/${textAt(inputs, "roleName")}`,
  async create(client, id, inputs) {
    await client.write(id, writtenFields(roleFields, inputs));
  },
  async update(client, id, inputs, oldOutputs) {
    await client.write(id, writtenFields(roleFields, inputs, oldOutputs));
  },
  async read(client, id, inputs) {
    const found = await client.read(id);
    const roleName = id.slice(id.lastIndexOf("/") + 1);
    return found && { ...inputs, backend: backendOf(id), roleName, ...responseFields(found, Object.keys(roleFields)) };
  },
  remove: (client, id) => client.delete(id),
});

/** `auth/kubernetes/role/reader` to `kubernetes`; a mount may have slashes of its own. */
export function backendOf(id: string): string {
  return id.replace(/^auth\//, "").replace(/\/(config|role\/[^/]+)$/, "");
}
