import type { TokenCredential } from "@azure/identity";
import { SecretClient, type SecretClientOptions, type SecretProperties } from "@azure/keyvault-secrets";
import { faultOf } from "../../bootstrap/azure-errors.ts";
import { mapBounded, Pacer } from "../../clients/pacing.ts";
import type { HeldSecret } from "../../domain/plan/key-vault-push.ts";
import { Redacted } from "../../domain/redacted.ts";
import { secretContentType } from "../../domain/resources/azure-inputs.ts";
import { UserError } from "../../domain/user-error.ts";

/**
 * Published limits per vault and 10 seconds (300 and 4,000), less a tenth for other callers and the time on the network.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/service-limits
 */
const creationsPerWindow = 270;
const callsPerWindow = 3_600;
const windowInMilliseconds = 10_000;
export const parallelCalls = 16;

/** Marks a version that a rollback wrote, with the version that it took the value from, and the one that was not wanted. */
const restoresTag = "restores";
const replacesTag = "replaces";

export interface FormerValue {
  readonly value: Redacted;
  /** The version that first had it. */
  readonly version: string;
  /** The latest version, which it replaces. @default - nobody could read it: it is disabled */
  readonly replaces?: string | undefined;
  /** Whether a rollback has restored it already. */
  readonly isRestored: boolean;
  readonly expiresOn?: Date | undefined;
}

export interface KeyVaultTarget {
  readonly uri: string;
  readonly credential: TokenCredential;
  /** Of private endpoints and the local stand-in; @default - Azure's public ones */
  readonly options?: SecretClientOptions;
  /** Of every secret that is written, in addition to this program's own. @default - none */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * The data plane of one Key Vault, paced under its limits. Values go in and out as {@link Redacted}. Each call throws
 * UserError when a right is missing, naming the role, and RestError for what else Azure refuses.
 */
export class KeyVaultWriter {
  readonly #client: SecretClient;
  readonly #calls = new Pacer(callsPerWindow, windowInMilliseconds);
  readonly #creations = new Pacer(creationsPerWindow, windowInMilliseconds);
  readonly #tags: Readonly<Record<string, string>>;

  constructor({ uri, credential, options = {}, tags = {} }: KeyVaultTarget) {
    this.#tags = tags;
    this.#client = new SecretClient(uri, credential, { ...options, retryOptions: { maxRetries: 6 } });
  }

  /** What the vault holds under each name, compared with the value here. */
  async compare(values: ReadonlyMap<string, Redacted>): Promise<ReadonlyMap<string, HeldSecret>> {
    const [live, deleted] = await Promise.all([this.#names(), this.#names(this.#client.listDeletedSecrets())]);
    const held = await mapBounded([...values], parallelCalls, async ([name, value]): Promise<[string, HeldSecret]> => {
      if (!live.has(name)) return [name, { state: deleted.has(name) ? "deleted" : "absent" }];
      await this.#calls.turn();
      const { value: current = "", properties } = await this.#explained(this.#client.getSecret(name));
      const { version = "", createdOn, expiresOn } = properties;
      return [name, { state: "held", version, equalsValueHere: current === value.reveal(), createdOn, expiresOn }];
    });
    return new Map(held);
  }

  /**
   * Writes a value; a name in soft delete is recovered first.
   *
   * @param options.recover - whether it is known to be deleted; otherwise Key Vault's refusal shows it.
   * @param options.restores - the result of {@link former}, where `value` comes from there: it keeps its expiry.
   * @param options.expiresOn - of any other value. @default - it does not expire
   * @returns the new version.
   */
  async set(
    name: string,
    value: Redacted,
    options: { readonly recover: boolean; readonly restores?: FormerValue; readonly expiresOn?: Date | undefined },
  ): Promise<string> {
    const { recover, restores, expiresOn = restores?.expiresOn } = options;
    const write = async (): Promise<string> => {
      await this.#creations.turn();
      const { properties } = await this.#client.setSecret(name, value.reveal(), {
        contentType: secretContentType,
        ...(expiresOn && { expiresOn }),
        tags: {
          ...this.#tags,
          "managed-by": "ameide-secrets",
          ...(restores && { [restoresTag]: restores.version }),
          ...(restores?.replaces !== undefined && { [replacesTag]: restores.replaces }),
        },
      });
      return properties.version ?? "";
    };
    const recoverAndWrite = async (): Promise<string> => {
      await (await this.#client.beginRecoverDeletedSecret(name, { intervalInMs: 500 })).pollUntilDone();
      return write();
    };
    return this.#explained(
      recover
        ? recoverAndWrite()
        : write().catch((error: unknown) => {
            if (isInSoftDelete(error)) return recoverAndWrite();
            throw error;
          }),
    );
  }

  /** Sets when the value of a version expires, and changes nothing else of it. */
  async expire(name: string, version: string, expiresOn: Date): Promise<void> {
    await this.#creations.turn();
    await this.#explained(this.#client.updateSecretProperties(name, version, { expiresOn }));
  }

  /** The value that the vault holds now. @throws UserError also if it holds none. */
  async current(name: string): Promise<Redacted> {
    const problem = `${this.#client.vaultUrl} has no secret ${name} to follow`;
    const fix = "pass the value on standard input, without --from-source";
    const absent = UserError.of("rotation-no-source", problem, fix);
    const { value = "" } = await this.#explained(this.#client.getSecret(name), absent);
    return new Redacted(value);
  }

  /**
   * The value before the latest one, except those that a rollback replaced. If a rollback wrote the latest version,
   * that one is returned, so a rollback can be repeated.
   *
   * @throws UserError also if there is no earlier version that is enabled.
   */
  async former(name: string): Promise<FormerValue> {
    const problem = `${this.#client.vaultUrl} has no earlier version of ${name}`;
    const noFormer = UserError.of("rotation-no-former", problem, "pass a new value on standard input");
    return this.#explained(this.#former(name, noFormer), noFormer);
  }

  async #former(name: string, noFormer: UserError): Promise<FormerValue> {
    const versions = await all(this.#client.listPropertiesOfSecretVersions(name));
    // Key Vault's times are whole seconds: only Key Vault knows which of two is the latest
    const latest = await this.#client.getSecret(name).catch((error: unknown) => {
      if (isDisabled(error)) return undefined;
      throw error;
    });
    const restored = latest?.properties.tags?.[restoresTag];
    if (latest !== undefined && restored !== undefined) {
      const { value = "", properties } = latest;
      return { value: new Redacted(value), version: restored, isRestored: true, expiresOn: properties.expiresOn };
    }
    const replaces = latest?.properties.version;
    const unwanted = new Set([replaces, ...versions.map(({ tags }) => tags?.[replacesTag])]);
    const { version } =
      versions.toSorted(byNewest).find((one) => one.enabled !== false && !unwanted.has(one.version)) ?? {};
    if (version === undefined) throw noFormer;
    const { value = "", properties } = await this.#client.getSecret(name, { version });
    return { value: new Redacted(value), version, isRestored: false, replaces, expiresOn: properties.expiresOn };
  }

  /** Which of the names the vault holds; a name in soft delete is not held. */
  async holds(names: readonly string[]): Promise<readonly string[]> {
    const live = await this.#names();
    return names.filter((name) => live.has(name));
  }

  /** Into soft delete: it can be recovered until its time is over. */
  async remove(name: string): Promise<void> {
    const poller = await this.#explained(this.#client.beginDeleteSecret(name, { intervalInMs: 500 }));
    await poller.pollUntilDone();
  }

  async #names(
    listing: AsyncIterable<{ readonly name: string }> = this.#client.listPropertiesOfSecrets(),
  ): Promise<ReadonlySet<string>> {
    return new Set((await this.#explained(all(listing))).map(({ name }) => name));
  }

  /** @param absent - in place of Key Vault's 404. @default - the 404 itself */
  async #explained<T>(answer: Promise<T>, absent?: UserError): Promise<T> {
    return answer.catch((error: unknown) => {
      throw statusOf(error) === 404 && absent !== undefined ? absent : explainForbidden(error, this.#client.vaultUrl);
    });
  }
}

async function all<T>(listing: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of listing) items.push(item);
  return items;
}

function byNewest(one: SecretProperties, other: SecretProperties): number {
  return (other.createdOn?.getTime() ?? 0) - (one.createdOn?.getTime() ?? 0);
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

function explainForbidden(error: unknown, vault: string): unknown {
  if (!(error instanceof Error) || statusOf(error) !== 403) return error;
  const [reason = "403"] = error.message.split("\n");
  return faultOf(error)?.kind === "network-rule"
    ? UserError.of(
        "key-vault-network",
        `${vault} refuses requests from this machine's network: ${reason}`,
        "run this in a network that the Key Vault accepts, or add this machine's address to azure.network.addresses in Pulumi.shared.yaml and run: ameide-secrets up --stack shared",
        { cause: error },
      )
    : UserError.of(
        "key-vault-forbidden",
        `${vault} refuses your login: ${reason}`,
        `az role assignment create --role "Key Vault Secrets Officer" --assignee <you> --scope <id of the vault>; it takes effect within 10 minutes`,
        { cause: error },
      );
}
