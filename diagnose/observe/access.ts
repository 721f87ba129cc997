import { VaultClient } from "../../clients/vault.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { VaultTarget } from "../../domain/vault-target.ts";
import type { Snapshot, VaultPodState } from "../snapshot.ts";

/** One cluster, context pinned. What it throws has the HTTP status as `status`. */
export interface KubernetesReader {
  readonly context: string;
  get<T extends object>(path: string): Promise<T>;
  text(path: string): Promise<string>;
}

/** Vault with the rights of the token; without one, what everybody may read. */
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
  /** Asks each pod of Vault for its own health. @default - Vault is only asked as a whole */
  readonly vaultPods?: () => Promise<readonly VaultPodState[]>;
}

/** @param token - the auditor's, or anyone's; what it may not read is reported part by part. */
export function vaultReader(vault: VaultTarget, token?: Redacted): VaultReader {
  return new VaultClient({ ...vault, token, connections: 16, timeoutInMs: 8_000 });
}

/** The same access, with its calls counted: the report says how many calls it cost. */
export function countedAccess({
  kubernetes,
  vault,
  azure,
  vaultPods,
}: Access): Access & { readonly calls: () => Snapshot["calls"] } {
  const count = { kubernetes: 0, vault: 0, azure: 0 };
  return {
    calls: () => ({ ...count }),
    ...(vaultPods && {
      vaultPods: async () => {
        const pods = await vaultPods();
        count.vault += pods.length;
        return pods;
      },
    }),
    kubernetes:
      typeof kubernetes === "string"
        ? kubernetes
        : {
            context: kubernetes.context,
            get: (path) => {
              count.kubernetes += 1;
              return kubernetes.get(path);
            },
            text: (path) => {
              count.kubernetes += 1;
              return kubernetes.text(path);
            },
          },
    vault:
      typeof vault === "string"
        ? vault
        : {
            address: vault.address,
            hasToken: vault.hasToken,
            get: (path) => {
              count.vault += 1;
              return vault.get(path);
            },
          },
    azure:
      typeof azure === "string"
        ? azure
        : {
            arm: (path) => {
              count.azure += 1;
              return azure.arm(path);
            },
            keyVault: (path) => {
              count.azure += 1;
              return azure.keyVault(path);
            },
          },
  };
}
