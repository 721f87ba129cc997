import { randomBytes } from "node:crypto";
import { AzureError } from "./azure-error.ts";
import type { DeletedSecret, Secret, SecretVersion } from "./state-schema.ts";
import { SortedNames } from "./paging.ts";

/** What a client may say of a new version; what it leaves out is absent, not inherited. */
export interface SecretInput {
  readonly value: string;
  readonly contentType?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
}

/** How long a deleted secret stays, and whether it may be purged sooner. */
export interface Retention {
  readonly softDeleteRetentionInDays: number;
  readonly enablePurgeProtection: boolean;
}

const dayInSeconds = 86_400;

/** The secrets of one vault, with their versions and those in soft delete. Names know no case. `now` is in seconds. */
export class VaultSecrets {
  readonly #live = new Map<string, Secret>();
  readonly #deleted = new Map<string, DeletedSecret>();
  readonly #liveNames = new SortedNames();
  readonly #deletedNames = new SortedNames();

  constructor(live: readonly Secret[], deleted: readonly DeletedSecret[]) {
    for (const secret of live) this.#put(secret);
    for (const secret of deleted) this.#putDeleted(secret);
  }

  live(): Secret[] {
    return [...this.#live.values()];
  }

  deleted(): DeletedSecret[] {
    return [...this.#deleted.values()];
  }

  find(name: string): Secret | undefined {
    return this.#live.get(name.toLowerCase());
  }

  /** @throws AzureError 404 SecretNotFound. */
  get(name: string): Secret {
    const secret = this.find(name);
    if (secret === undefined) throw secretNotFound(name);
    return secret;
  }

  /**
   * @param version - empty for the current one.
   * @throws AzureError 404 SecretNotFound.
   */
  version(name: string, version: string): SecretVersion {
    const { versions } = this.get(name);
    const found = version === "" ? versions.at(-1) : versions.find((one) => one.version === version);
    if (found === undefined) throw secretNotFound(`${name}/${version}`);
    return found;
  }

  /**
   * Adds a version.
   *
   * @throws AzureError 409 Conflict with ObjectIsDeletedButRecoverable where the name is in soft delete.
   */
  set(name: string, input: SecretInput, now: number): { readonly secret: Secret; readonly version: SecretVersion } {
    if (this.#findDeleted(name, now) !== undefined) throw deletedButRecoverable(name);
    const secret = this.find(name) ?? { name, versions: [] };
    const { value, enabled = true, ...properties } = input;
    const version: SecretVersion = {
      version: randomBytes(16).toString("hex"),
      value,
      ...withoutUndefined(properties),
      enabled,
      created: now,
      updated: now,
    };
    secret.versions.push(version);
    this.#put(secret);
    return { secret, version };
  }

  /** Changes what is given of one version; the value never. @throws AzureError 404 SecretNotFound. */
  update(name: string, version: string, changes: Omit<SecretInput, "value">, now: number): SecretVersion {
    return Object.assign(this.version(name, version), withoutUndefined(changes), { updated: now });
  }

  /** @throws AzureError 404 SecretNotFound. */
  delete(name: string, now: number, { softDeleteRetentionInDays }: Retention): DeletedSecret {
    const secret = this.get(name);
    const scheduledPurgeDate = now + softDeleteRetentionInDays * dayInSeconds;
    const deleted = { ...secret, deletedDate: now, scheduledPurgeDate };
    this.#live.delete(name.toLowerCase());
    this.#liveNames.delete(name.toLowerCase());
    this.#putDeleted(deleted);
    return deleted;
  }

  /** @throws AzureError 404 SecretNotFound. */
  getDeleted(name: string, now: number): DeletedSecret {
    const deleted = this.#findDeleted(name, now);
    if (deleted === undefined) throw AzureError.keyVault(404, "SecretNotFound", `Deleted Secret not found: ${name}`);
    return deleted;
  }

  /** Brings the secret back with all its versions. @throws AzureError 404 SecretNotFound. */
  recover(name: string, now: number): Secret {
    const { deletedDate: _deletedDate, scheduledPurgeDate: _purgeDate, ...secret } = this.getDeleted(name, now);
    this.#forgetDeleted(name);
    this.#put(secret);
    return secret;
  }

  /** @throws AzureError 403 Forbidden under purge protection, 404 SecretNotFound. */
  purge(name: string, now: number, { enablePurgeProtection }: Retention): void {
    this.getDeleted(name, now);
    if (enablePurgeProtection) {
      const until = "Key Vault service will automatically purge it after the retention period has passed.";
      const message = `Operation "purge" is not allowed because purge protection is enabled for this vault. ${until}`;
      throw AzureError.keyVault(403, "Forbidden", message);
    }
    this.#forgetDeleted(name);
  }

  /**
   * One page in the order of names.
   *
   * @param after - the last name of the page before; empty for the first page.
   * @returns `next` is what `after` must be for the following page; left out on the last one.
   */
  page(after: string, size: number): { readonly items: readonly Secret[]; readonly next?: string } {
    return pageOf(this.#liveNames, this.#live, after, size);
  }

  pageOfDeleted(
    after: string,
    size: number,
    now: number,
  ): { readonly items: readonly DeletedSecret[]; readonly next?: string } {
    for (const { name } of this.deleted()) this.#findDeleted(name, now);
    return pageOf(this.#deletedNames, this.#deleted, after, size);
  }

  #put(secret: Secret): void {
    this.#live.set(secret.name.toLowerCase(), secret);
    this.#liveNames.add(secret.name.toLowerCase());
  }

  #putDeleted(secret: DeletedSecret): void {
    this.#deleted.set(secret.name.toLowerCase(), secret);
    this.#deletedNames.add(secret.name.toLowerCase());
  }

  #forgetDeleted(name: string): void {
    this.#deleted.delete(name.toLowerCase());
    this.#deletedNames.delete(name.toLowerCase());
  }

  /** Forgets it first where Azure's own clock would have purged it. */
  #findDeleted(name: string, now: number): DeletedSecret | undefined {
    const deleted = this.#deleted.get(name.toLowerCase());
    if (deleted === undefined || deleted.scheduledPurgeDate > now) return deleted;
    this.#forgetDeleted(name);
    return undefined;
  }
}

function pageOf<T>(names: SortedNames, items: ReadonlyMap<string, T>, after: string, size: number) {
  const page = names.after(after, size + 1);
  const found = page.slice(0, size).flatMap((name) => items.get(name) ?? []);
  const last = page[size - 1];
  return page.length > size && last !== undefined ? { items: found, next: last } : { items: found };
}

function secretNotFound(name: string): AzureError {
  const message =
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be ` +
    "able to recover it using the correct recovery command. For help resolving this issue, please see " +
    "https://go.microsoft.com/fwlink/?linkid=2125182";
  return AzureError.keyVault(404, "SecretNotFound", message);
}

function deletedButRecoverable(name: string): AzureError {
  const message =
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
    "the secret can only be recovered or purged.";
  return AzureError.keyVault(409, "Conflict", message, { inner: "ObjectIsDeletedButRecoverable" });
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Partial<Present<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<Present<T>>;
}
