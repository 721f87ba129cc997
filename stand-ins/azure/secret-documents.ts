import type { AzureContext } from "./context.ts";
import type { DeletedSecret, Secret, SecretVersion } from "./state-schema.ts";
import type { Retention } from "./vault-secrets.ts";

/** Key Vault's answers about secrets. Times are whole seconds since 1970. */
export class SecretDocuments {
  readonly #origin: string;

  constructor({ origin }: AzureContext) {
    this.#origin = origin;
  }

  /** With the value: only `get` and `set` give it. */
  bundle(secret: Secret, version: SecretVersion, retention: Retention): Record<string, unknown> {
    return { value: version.value, ...this.properties(secret, version, retention) };
  }

  properties({ name }: Secret, version: SecretVersion, retention: Retention): Record<string, unknown> {
    return { ...described(version, retention), id: `${this.#origin}/secrets/${name}/${version.version}` };
  }

  /** An entry of the list of secrets: its current version, whose id the list does not tell. */
  item({ name, versions }: Secret, retention: Retention): Record<string, unknown> {
    return { ...described(currentOf(versions), retention), id: `${this.#origin}/secrets/${name}` };
  }

  deleted(secret: DeletedSecret, retention: Retention): Record<string, unknown> {
    return { ...this.properties(secret, currentOf(secret.versions), retention), ...this.#deletion(secret) };
  }

  deletedItem(secret: DeletedSecret, retention: Retention): Record<string, unknown> {
    return { ...this.item(secret, retention), ...this.#deletion(secret) };
  }

  #deletion({ name, deletedDate, scheduledPurgeDate }: DeletedSecret) {
    return { recoveryId: `${this.#origin}/deletedsecrets/${name}`, deletedDate, scheduledPurgeDate };
  }
}

function currentOf(versions: readonly SecretVersion[]): SecretVersion {
  const current = versions.at(-1);
  if (current === undefined) throw new Error("a secret without versions");
  return current;
}

function described(version: SecretVersion, { softDeleteRetentionInDays, enablePurgeProtection }: Retention) {
  const { enabled, nbf, exp, created, updated, contentType, tags } = version;
  const recoverable = softDeleteRetentionInDays < 90 ? "CustomizedRecoverable" : "Recoverable";
  return {
    attributes: {
      enabled,
      nbf,
      exp,
      created,
      updated,
      recoveryLevel: enablePurgeProtection ? recoverable : `${recoverable}+Purgeable`,
      recoverableDays: softDeleteRetentionInDays,
    },
    contentType,
    tags,
  };
}
