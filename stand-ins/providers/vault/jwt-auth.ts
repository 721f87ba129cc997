import { textAt, type JsonObject } from "../property-value.ts";
import { backendOf, tokenFields } from "./kubernetes-auth.ts";
import { given, mountAt } from "./mount.ts";
import { responseFields, vaultType, writtenFields, type Field } from "./vault-type.ts";

const configFields: Readonly<Record<string, Field>> = {
  boundIssuer: {},
  defaultRole: {},
  jwksCaPem: {},
  jwksUrl: {},
  jwtSupportedAlgs: {},
  jwtValidationPubkeys: {},
  namespaceInState: { default: true },
  oidcDiscoveryCaPem: {},
  oidcDiscoveryUrl: {},
};

/**
 * `vault:jwt/authBackend:AuthBackend`: an auth method and its configuration. The real provider does not read the description
 * back, and neither does this one.
 */
export const jwtAuthBackend = vaultType({
  fields: {
    ...configFields,
    accessor: { output: true },
    description: {},
    disableRemount: { default: false },
    local: { default: false, replaces: true },
    path: { default: "jwt", replaces: true },
    tune: { computed: true },
    type: { default: "jwt", replaces: true },
  },
  idOf: (_client, inputs) => textAt(inputs, "path"),
  async create(client, id, inputs) {
    const { type = null, description } = inputs;
    await client.write(`sys/auth/${id}`, { type, ...given("description", description) });
    await client.write(`auth/${id}/config`, writtenFields(configFields, inputs));
  },
  async update(client, id, inputs, oldOutputs) {
    await client.write(`auth/${id}/config`, writtenFields(configFields, inputs, oldOutputs));
  },
  async read(client, id, inputs) {
    const mount = await mountAt(client, "sys/auth", id);
    const config = mount === undefined ? undefined : await client.read(`auth/${id}/config`);
    if (mount === undefined || config === undefined) return undefined;
    const { type = null, local = false, accessor = null } = mount;
    return { ...inputs, path: id, type, local, accessor, ...responseFields(config, Object.keys(configFields)) };
  },
  remove: (client, id) => client.delete(`sys/auth/${id}`),
});

const roleFields: Readonly<Record<string, Field>> = {
  ...tokenFields,
  allowedRedirectUris: { set: true },
  backend: { default: "jwt", replaces: true },
  boundAudiences: { set: true },
  boundClaims: {},
  boundClaimsType: { computed: true },
  boundSubject: {},
  claimMappings: {},
  disableBoundClaimsParsing: { default: false },
  groupsClaim: {},
  maxAge: {},
  oidcScopes: { set: true },
  roleName: { replaces: true },
  roleType: { computed: true, replaces: true },
  userClaim: {},
  userClaimJsonPointer: { default: false },
  verboseOidcLogging: { default: false },
};

/** `vault:jwt/authBackendRole:AuthBackendRole`. */
export const jwtAuthBackendRole = vaultType({
  fields: roleFields,
  idOf: (_client, inputs) => `auth/${textAt(inputs, "backend")}/role/${textAt(inputs, "roleName")}`,
  async create(client, id, inputs) {
    await client.write(id, roleBody(inputs));
  },
  async update(client, id, inputs, oldOutputs) {
    await client.write(id, roleBody(inputs, oldOutputs));
  },
  async read(client, id, inputs) {
    const found = await client.read(id);
    const roleName = id.slice(id.lastIndexOf("/") + 1);
    return found && { ...inputs, backend: backendOf(id), roleName, ...responseFields(found, Object.keys(roleFields)) };
  },
  remove: (client, id) => client.delete(id),
});

/** The type of a role replaces it, and still has to be written with it. */
function roleBody(inputs: JsonObject, oldOutputs?: JsonObject): JsonObject {
  return { ...writtenFields(roleFields, inputs, oldOutputs), ...given("role_type", inputs["roleType"]) };
}
