import type { LiveConfig } from "../config.ts";
import type { MadeJournal } from "../made-journal.ts";
import { stringAt, type PropertyMap } from "../property-value.ts";
import type { ResourceType } from "../resource-type.ts";
import { TypedProvider } from "../typed-provider.ts";
import { authBackend } from "./auth-backend.ts";
import { secretBackendV2, secretV2 } from "./key-value.ts";
import { authBackendConfig, authBackendRole } from "./kubernetes-auth.ts";
import { mount } from "./mount.ts";
import { policy } from "./policy.ts";
import { VaultClient } from "./vault-client.ts";

const types: Readonly<Record<string, ResourceType<VaultClient>>> = {
  "vault:index/authBackend:AuthBackend": authBackend,
  "vault:index/mount:Mount": mount,
  "vault:index/policy:Policy": policy,
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": authBackendConfig,
  "vault:kubernetes/authBackendRole:AuthBackendRole": authBackendRole,
  "vault:kv/secretBackendV2:SecretBackendV2": secretBackendV2,
  "vault:kv/secretV2:SecretV2": secretV2,
};

/** The types of the provider `vault` that this program uses. @param live - undefined: offline */
export function vaultProvider(live: LiveConfig | undefined, journal: MadeJournal): TypedProvider<VaultClient> {
  return new TypedProvider({
    name: "vault",
    journal,
    typeOf: (token) => types[token],
    connect: (options, cancelled) =>
      live === undefined ? Promise.resolve(undefined) : connect(live, options, cancelled),
  });
}

/**
 * Looks the token up first, as the real provider does: a sealed Vault fails the preview already. No child token is
 * made: this process ends with the update.
 */
async function connect(live: LiveConfig, options: PropertyMap, cancelled: AbortSignal): Promise<VaultClient> {
  const asked = stringAt(options, "address");
  if (asked !== undefined && new URL(asked).origin !== new URL(live.vaultAddress).origin) {
    throw new Error(
      `vault: the local environment's provider serves ${live.vaultAddress}, the program asks for ${asked}`,
    );
  }
  const token = live.vaultToken ?? stringAt(options, "token");
  if (token === undefined || token === "") throw new Error("no vault token set on Client");
  const client = new VaultClient(live.vaultAddress, token, cancelled);
  try {
    await client.read("auth/token/lookup-self");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to lookup token, err=${reason}`, { cause: error });
  }
  return client;
}
