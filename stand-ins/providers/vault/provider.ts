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
import { ProviderVault } from "./provider-vault.ts";

const types: Readonly<Record<string, ResourceType<ProviderVault>>> = {
  "vault:index/authBackend:AuthBackend": authBackend,
  "vault:index/mount:Mount": mount,
  "vault:index/policy:Policy": policy,
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": authBackendConfig,
  "vault:kubernetes/authBackendRole:AuthBackendRole": authBackendRole,
  "vault:kv/secretBackendV2:SecretBackendV2": secretBackendV2,
  "vault:kv/secretV2:SecretV2": secretV2,
};

/** The types of the provider `vault` that this program uses. @param live - undefined: offline */
export function vaultProvider(live: LiveConfig | undefined, journal: MadeJournal): TypedProvider<ProviderVault> {
  return new TypedProvider({
    name: "vault",
    journal,
    typeOf: (token) => types[token],
    connect: (options, cancelled) => live && connect(live, options, cancelled),
  });
}

/**
 * Vault is not asked yet: the real provider looks its token up with the first call for a resource, so a preview of
 * creations passes while Vault is sealed or out of reach.
 */
function connect(live: LiveConfig, options: PropertyMap, cancelled: AbortSignal): ProviderVault {
  const asked = stringAt(options, "address");
  if (asked !== undefined && new URL(asked).origin !== new URL(live.vaultAddress).origin) {
    throw new Error(
      `vault: the local environment's provider serves ${live.vaultAddress}, the program asks for ${asked}`,
    );
  }
  return new ProviderVault(live.vaultAddress, live.vaultToken ?? stringAt(options, "token") ?? "", cancelled);
}
