import { VaultClient } from "../../clients/vault.ts";
import type { Redacted } from "../../domain/redacted.ts";

/** One cluster, context pinned. What it throws has the HTTP status as `status`. */
export interface KubernetesReader {
  readonly context: string;
  get<T extends object>(path: string): Promise<T>;
  text(path: string): Promise<string>;
}

/** Vault, as whoever the token makes; without one, what it tells everybody. */
export interface VaultReader {
  readonly address: string;
  readonly hasToken: boolean;
  /** @param path - without `/v1/`; `query` such as `list=true`. @throws VaultError */
  get<T extends object>(path: string): Promise<T>;
}

/** Azure, as the person at the keyboard. */
export interface AzureReader {
  /** Resource Manager; path with its api-version. @throws AzureRestError */
  arm<T extends object>(path: string): Promise<T>;
  /** The vault's data plane. @param pathOrLink - a path, or the `nextLink` of a page. @throws AzureRestError */
  keyVault<T extends object>(pathOrLink: string): Promise<T>;
}

/** Everything that is looked at. A part that cannot be had is left out, with the reason as a text for people. */
export interface Access {
  readonly kubernetes: KubernetesReader | string;
  readonly vault: VaultReader | string;
  readonly azure: AzureReader | string;
}

/** @param token - the auditor's, or anyone's; what it may not read is reported part by part. */
export function vaultReader(address: string, token?: Redacted): VaultReader {
  return new VaultClient({ address, token, connections: 16, timeoutInMs: 8_000 });
}
