import { readFileSync } from "node:fs";
import type { LiveConfig } from "../config.ts";
import type { CreationJournal } from "../creation-journal.ts";
import { stringAt, type PropertyMap, textAt } from "../property-value.ts";
import { plannedType, type ResourceType, TypedProvider } from "../typed-provider.ts";
import { authBackend } from "./auth-backend.ts";
import { jwtAuthBackend, jwtAuthBackendRole } from "./jwt-auth.ts";
import { authBackendConfig, authBackendRole } from "./kubernetes-auth.ts";
import { mount } from "./mount.ts";
import { ProviderVault } from "./provider-vault.ts";
import { durationInSeconds, requestBody, vaultType } from "./vault-type.ts";

/** `vault:index/policy:Policy`. Vault reads a deleted policy as an empty one, so the plan is an update. */
const policy = vaultType({
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

/** `vault:kv/secretBackendV2:SecretBackendV2`: settings of a KV v2 mount, deleted with it. */
const secretBackendV2 = vaultType({
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

const types: Readonly<Record<string, ResourceType<ProviderVault>>> = {
  "vault:index/authBackend:AuthBackend": authBackend,
  "vault:index/mount:Mount": mount,
  "vault:index/policy:Policy": policy,
  "vault:jwt/authBackend:AuthBackend": jwtAuthBackend,
  "vault:jwt/authBackendRole:AuthBackendRole": jwtAuthBackendRole,
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": authBackendConfig,
  "vault:kubernetes/authBackendRole:AuthBackendRole": authBackendRole,
  "vault:kv/secretBackendV2:SecretBackendV2": secretBackendV2,
  // planned only: the policy pack refuses values as resources
  "vault:kv/secretV2:SecretV2": plannedType,
};

type LiveVault = NonNullable<LiveConfig["vault"]>;

/** @param live - undefined: offline */
export function vaultProvider(live: LiveVault | undefined, journal: CreationJournal): TypedProvider<ProviderVault> {
  return new TypedProvider({
    name: "vault",
    journal,
    typeOf: (token) => types[token],
    connect: (options, cancelled) => live && connect(live, options, cancelled),
  });
}

/** Sends no request: like the real provider, a preview of creations works while Vault is sealed or unreachable. */
function connect(live: LiveVault, options: PropertyMap, cancelled: AbortSignal): ProviderVault {
  const asked = stringAt(options, "address");
  if (asked !== undefined && new URL(asked).origin !== new URL(live.address).origin) {
    throw new Error(`vault: the local environment's provider serves ${live.address}, the program asks for ${asked}`);
  }
  const caFile = stringAt(options, "caCertFile");
  const target = {
    address: live.address,
    namespace: stringAt(options, "namespace"),
    serverName: stringAt(options, "tlsServerName"),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile, "utf8") }),
  };
  return new ProviderVault(target, live.token ?? stringAt(options, "token") ?? "", cancelled);
}
