import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import { SecretClient, type SecretClientOptions } from "@azure/keyvault-secrets";
import { faultOf } from "../../bootstrap/azure-errors.ts";
import { mapBounded, Pacer } from "../../clients/pacing.ts";
import type { HeldSecret } from "../../domain/plan/key-vault-push.ts";
import { Redacted } from "../../domain/redacted.ts";
import { secretContentType } from "../../domain/resources/azure-inputs.ts";
import { UserError } from "../../domain/user-error.ts";

/**
 * Published limits per vault and 10 seconds (300 and 4,000), less a tenth: for whoever else is at work, and because Azure
 * counts a call when it arrives, which is later than here by what is under way.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/service-limits
 */
const creationsPerWindow = 270;
const callsPerWindow = 3_600;
const windowInMilliseconds = 10_000;
/** Calls under way at once. */
const parallel = 16;

/** Marks a version that a rollback wrote, with the version that it took the value from, and the one that was not wanted. */
const restoresTag = "restores";
const replacesTag = "replaces";

/** A value to go back to. */
export interface FormerValue {
  readonly value: Redacted;
  /** The version that first held it. */
  readonly version: string;
  /** The latest version, which it takes the place of. @default - nobody could read it: it is disabled */
  readonly replaces?: string;
  /** Whether a rollback has put it back already. */
  readonly isRestored: boolean;
  readonly expiresOn?: Date;
}

interface SecretVersion {
  readonly version: string;
  readonly createdAt: number;
  readonly enabled: boolean;
  /** The version that it took the place of, where a rollback wrote it. */
  readonly replaces?: string;
}

/** Where a Key Vault is and who asks. */
export interface KeyVaultPlace {
  readonly uri: string;
  readonly credential: TokenCredential;
  /** Of private endpoints and the local stand-in; @default - Azure's public ones */
  readonly options?: SecretClientOptions;
  /** Of every secret that is written, next to this program's own. @default - none */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The data plane of one Key Vault, paced under its limits. Values go in and out as {@link Redacted}. */
export class KeyVaultWriter {
  readonly #client: SecretClient;
  readonly #calls = new Pacer(callsPerWindow, windowInMilliseconds);
  readonly #creations = new Pacer(creationsPerWindow, windowInMilliseconds);
  readonly #key = randomBytes(32);
  readonly #tags: Readonly<Record<string, string>>;

  constructor({ uri, credential, options = {}, tags = {} }: KeyVaultPlace) {
    this.#tags = tags;
    this.#client = new SecretClient(uri, credential, { ...options, retryOptions: { maxRetries: 6 } });
  }

  /**
   * What the vault holds under each name, compared with the value here by a keyed hash.
   *
   * @throws UserError when a right is missing, naming the role; RestError for what else Azure refuses.
   */
  async compare(values: ReadonlyMap<string, Redacted>): Promise<ReadonlyMap<string, HeldSecret>> {
    const [live, deleted] = await Promise.all([
      namesOf(this.#client.listPropertiesOfSecrets()),
      namesOf(this.#client.listDeletedSecrets()),
    ]).catch((error: unknown) => {
      throw forbidden(error, this.#client.vaultUrl);
    });
    const held = new Map<string, HeldSecret>();
    await mapBounded([...values], parallel, async ([name, value]) => {
      held.set(
        name,
        live.has(name) ? await this.#held(name, value) : { state: deleted.has(name) ? "deleted" : "absent" },
      );
    });
    return held;
  }

  /**
   * A name in soft delete is recovered first: recovering alone would bring its old value back.
   *
   * @param options.recover - whether it is known to be deleted; otherwise Key Vault's refusal shows it.
   * @param options.restores - of {@link former}, where the value is that: it is known again then, and keeps its expiry.
   * @param options.expiresOn - of any other value. @default - it does not expire
   * @returns the new version.
   * @throws UserError when a right is missing, naming the role; RestError for what else Azure refuses.
   */
  async set(
    name: string,
    value: Redacted,
    options: { readonly recover: boolean; readonly restores?: FormerValue; readonly expiresOn?: Date | undefined },
  ): Promise<string> {
    const { recover } = options;
    try {
      if (recover) await this.#recover(name);
      return await this.#set(name, value, options).catch(async (error: unknown) => {
        if (recover || !isInSoftDelete(error)) throw error;
        await this.#recover(name);
        return this.#set(name, value, options);
      });
    } catch (error) {
      throw forbidden(error, this.#client.vaultUrl);
    }
  }

  /** Sets when the value of a version expires, and changes nothing else of it. */
  async expire(name: string, version: string, expiresOn: Date): Promise<void> {
    await this.#creations.turn();
    await this.#client.updateSecretProperties(name, version, { expiresOn }).catch((error: unknown) => {
      throw forbidden(error, this.#client.vaultUrl);
    });
  }

  /**
   * The value that it holds now.
   *
   * @throws UserError when it holds none, or a right is missing.
   */
  async current(name: string): Promise<Redacted> {
    try {
      const { value = "" } = await this.#client.getSecret(name);
      return new Redacted(value);
    } catch (error) {
      if (statusOf(error) !== 404) throw forbidden(error, this.#client.vaultUrl);
      const problem = `${this.#client.vaultUrl} has no secret ${name} to follow`;
      throw UserError.of("rotation-no-source", problem, "pass the value on standard input, without --from-source");
    }
  }

  /**
   * The value before the latest one, and none that a rollback has done away with. Where the latest one was put back itself
   * it is that one: to roll back twice would bring the bad value forward again, and a rollback that was cut short is just
   * run again.
   *
   * @throws UserError when the vault keeps no former version that is enabled, or a right is missing.
   */
  async former(name: string): Promise<FormerValue> {
    try {
      const versions = await this.#versions(name);
      // Key Vault's times are whole seconds: only Key Vault knows which of two is the latest
      const latest = await this.#client.getSecret(name).catch((error: unknown) => {
        if (isDisabled(error)) return undefined;
        throw error;
      });
      const restored = latest?.properties.tags?.[restoresTag];
      if (restored !== undefined)
        return {
          value: new Redacted(latest?.value ?? ""),
          version: restored,
          isRestored: true,
          ...expiryIn(latest?.properties),
        };
      const current = latest?.properties.version;
      const unwanted = new Set([current, ...versions.map(({ replaces }) => replaces)]);
      const former = versions.find(({ version, enabled }) => enabled && !unwanted.has(version));
      if (former === undefined) throw noFormer(this.#client.vaultUrl, name);
      const { value = "", properties } = await this.#client.getSecret(name, { version: former.version });
      const replaces = current === undefined ? {} : { replaces: current };
      const { version } = former;
      return { value: new Redacted(value), version, isRestored: false, ...replaces, ...expiryIn(properties) };
    } catch (error) {
      throw statusOf(error) === 404 ? noFormer(this.#client.vaultUrl, name) : forbidden(error, this.#client.vaultUrl);
    }
  }

  /** Which of the names the vault holds; a name in soft delete is not held. */
  async holds(names: readonly string[]): Promise<readonly string[]> {
    const live = await namesOf(this.#client.listPropertiesOfSecrets()).catch((error: unknown) => {
      throw forbidden(error, this.#client.vaultUrl);
    });
    return names.filter((name) => live.has(name));
  }

  /** Into soft delete: it can be recovered until its time is over. */
  async remove(name: string): Promise<void> {
    const poller = await this.#client.beginDeleteSecret(name, { intervalInMs: 500 }).catch((error: unknown) => {
      throw forbidden(error, this.#client.vaultUrl);
    });
    await poller.pollUntilDone();
  }

  /** Calls `work` for each with a bounded number under way, as {@link mapBounded} does. */
  static async forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    await mapBounded(items, parallel, work);
  }

  /** The newest first. */
  async #versions(name: string): Promise<readonly SecretVersion[]> {
    const versions: SecretVersion[] = [];
    for await (const { version = "", createdOn, enabled, tags } of this.#client.listPropertiesOfSecretVersions(name)) {
      const replaces = tags?.[replacesTag];
      versions.push({
        version,
        createdAt: createdOn?.getTime() ?? 0,
        enabled: enabled !== false,
        ...(replaces === undefined ? {} : { replaces }),
      });
    }
    return versions.toSorted((a, b) => b.createdAt - a.createdAt);
  }

  async #recover(name: string): Promise<void> {
    await (await this.#client.beginRecoverDeletedSecret(name, { intervalInMs: 500 })).pollUntilDone();
  }

  async #set(
    name: string,
    value: Redacted,
    {
      restores,
      expiresOn = restores?.expiresOn,
    }: { readonly restores?: FormerValue; readonly expiresOn?: Date | undefined },
  ): Promise<string> {
    await this.#creations.turn();
    const { properties } = await this.#client.setSecret(name, value.reveal(), {
      contentType: secretContentType,
      ...(expiresOn === undefined ? {} : { expiresOn }),
      tags: {
        ...this.#tags,
        "managed-by": "ameide-secrets",
        ...(restores === undefined ? {} : { [restoresTag]: restores.version }),
        ...(restores?.replaces === undefined ? {} : { [replacesTag]: restores.replaces }),
      },
    });
    return properties.version ?? "";
  }

  async #held(name: string, value: Redacted): Promise<HeldSecret> {
    await this.#calls.turn();
    const { value: now = "", properties } = await this.#client.getSecret(name).catch((error: unknown) => {
      throw forbidden(error, this.#client.vaultUrl);
    });
    const same = timingSafeEqual(this.#digest(now), this.#digest(value.reveal()));
    return {
      state: "held",
      version: properties.version ?? "",
      equalsValueHere: same,
      ...(properties.createdOn === undefined ? {} : { createdOn: properties.createdOn }),
      ...expiryIn(properties),
    };
  }

  #digest(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

function expiryIn(properties: { readonly expiresOn?: Date } | undefined): { readonly expiresOn?: Date } {
  return properties?.expiresOn === undefined ? {} : { expiresOn: properties.expiresOn };
}

async function namesOf(listing: AsyncIterable<{ readonly name: string }>): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { name } of listing) names.add(name);
  return names;
}

function statusOf(error: unknown): unknown {
  return error instanceof Error ? (error as { statusCode?: unknown }).statusCode : undefined;
}

/** Key Vault's 409 for a name that is deleted and not purged; while the deletion is still running, the code is another. */
function isInSoftDelete(error: unknown): boolean {
  const { details } = error as { details?: unknown };
  return statusOf(error) === 409 && JSON.stringify(details ?? {}).includes("ObjectIsDeletedButRecoverable");
}

/** Key Vault's 403 for a version that somebody disabled: no right is missing then. */
function isDisabled(error: unknown): boolean {
  return statusOf(error) === 403 && /SecretDisabled|disabled secret/i.test(error instanceof Error ? error.message : "");
}

function noFormer(vault: string, name: string): UserError {
  return UserError.of(
    "rotation-no-former",
    `${vault} has no earlier version of ${name}`,
    "pass a new value on standard input",
  );
}

function forbidden(error: unknown, vault: string): unknown {
  if (!(error instanceof Error) || statusOf(error) !== 403) return error;
  if (faultOf(error)?.kind === "network-rule")
    return UserError.of(
      "key-vault-network",
      `${vault} refuses requests from this machine's network: ${error.message.split("\n")[0] ?? "403"}`,
      "run this in a network that the Key Vault accepts, or add this machine's address to azure.network.addresses in Pulumi.shared.yaml and run: ameide-secrets up --stack shared",
      { cause: error },
    );
  return UserError.of(
    "key-vault-forbidden",
    `${vault} refuses your login: ${error.message.split("\n")[0] ?? "403"}`,
    `az role assignment create --role "Key Vault Secrets Officer" --assignee <you> --scope <id of the vault>; it takes effect within 10 minutes`,
    { cause: error },
  );
}
