import type { Catalogue } from "../domain/catalogue/catalogue.ts";

export interface LoadInput {
  /** `shared`, `dev`, `staging`, `prod` or `local`. */
  readonly stack: string;
  /** The raw object under `ameide-secrets:settings`. */
  readonly settings: unknown;
  /** Folder of the stacks' files and of `.env`. @default - the repository that this program runs from */
  readonly root?: string;
  /** Path of another catalogue. @default - the one of this repository */
  readonly catalogue?: string;
  /** Files of `.env` form, relative to `root`. @default - `.env` and `.env.local`, if they exist */
  readonly envFiles?: readonly string[];
  /** Plans without a cloud, a cluster or the local environment's certificates. @default false */
  readonly offline?: boolean;
  /** Folder of the local environment, with its certificates; `local` only. */
  readonly localHome?: string;
  /** VAULT_ADDR, if the settings leave `vault.operatorAddress` out. */
  readonly vaultAddress?: string;
  /** VAULT_CACERT: a PEM file that this machine trusts for Vault, if the settings leave `vault.caFile` out. */
  readonly vaultCaFile?: string;
  /** VAULT_NAMESPACE, which the provider would read: refused where the settings say something else. */
  readonly vaultNamespace?: string;
}

/** The same with the defaults filled in, and the catalogue itself. */
export interface LoadContext extends Omit<LoadInput, "catalogue"> {
  readonly root: string;
  readonly offline: boolean;
  readonly catalogue: Catalogue;
}
