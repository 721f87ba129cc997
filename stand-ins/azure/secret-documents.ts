import type { AzureContext } from "./context.ts";
import type { DeletedSecret, Secret, SecretVersion } from "./state-schema.ts";
import type { Retention } from "./vault-secrets.ts";
import { z } from "zod";

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

  /** An entry of the list of secrets: its current version; the list does not contain its id. */
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

/** The bounds that Key Vault sets. @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const maxValueInBytes = 25_600;

const attributes = z
  .object({ enabled: z.boolean().optional(), nbf: z.int().optional(), exp: z.int().optional() })
  .optional();

const tags = z
  .record(z.string().max(512), z.string().max(512))
  .refine((all) => Object.keys(all).length <= 15, "a secret has at most 15 tags")
  .optional();

export const secretProperties = z.object({ contentType: z.string().max(255).optional(), tags, attributes });

export const secretBody = secretProperties.extend({
  value: z
    .string()
    .refine(
      (value) => Buffer.byteLength(value) <= maxValueInBytes,
      `the value is longer than ${maxValueInBytes} bytes`,
    ),
});

/** 1 to 127 letters, digits and hyphens. */
export function isSecretName(name: string): boolean {
  return /^[0-9a-z-]{1,127}$/i.test(name);
}
