import { textAt } from "../property-value.ts";
import { tokenFields } from "./kubernetes-auth.ts";
import { mountAt } from "./mount.ts";
import { requestBody, responseFields, vaultDocument, vaultType, writtenFields, type Field } from "./vault-type.ts";

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

/** `vault:jwt/authBackend:AuthBackend`. Like the real provider, it does not read the description back. */
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
    await client.write(`sys/auth/${id}`, requestBody(inputs, ["type", "description"]));
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

/** `vault:jwt/authBackendRole:AuthBackendRole`. */
export const jwtAuthBackendRole = vaultDocument({
  path: "auth/{backend}/role/{roleName}",
  fields: {
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
  },
});
