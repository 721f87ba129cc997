import { randomBytes } from "node:crypto";
import { z } from "zod";
import { AzureError } from "./answer.ts";
import type { DeletedSecret, Secret, SecretVersion, Vault } from "./state.ts";

/** @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const maxValueInBytes = 25_600;
const dayInSeconds = 86_400;

export const secretProperties = z.object({
  contentType: z.string().max(255).optional(),
  tags: z
    .record(z.string().max(512), z.string().max(512))
    .refine((all) => Object.keys(all).length <= 15, "a secret has at most 15 tags")
    .optional(),
  attributes: z
    .object({ enabled: z.boolean().optional(), nbf: z.int().optional(), exp: z.int().optional() })
    .optional(),
});

export const secretBody = secretProperties.extend({
  value: z
    .string()
    .refine(
      (value) => Buffer.byteLength(value) <= maxValueInBytes,
      `the value is longer than ${maxValueInBytes} bytes`,
    ),
});

/** A missing property is absent in the new version, not inherited. */
export interface SecretInput
  extends Omit<z.output<typeof secretBody>, "attributes">, NonNullable<z.output<typeof secretBody>["attributes"]> {}

export function isSecretName(name: string): boolean {
  return /^[0-9a-z-]{1,127}$/i.test(name);
}

export function currentOf({ versions }: Secret): SecretVersion {
  const current = versions.at(-1);
  if (current === undefined) throw new Error("a secret without versions");
  return current;
}

/** @throws AzureError 404 SecretNotFound. */
export function existingSecret({ secrets }: Vault, name: string): Secret {
  const secret = secrets.get(name);
  if (secret === undefined) throw secretNotFound(name);
  return secret;
}

/** @param version - empty for the current one. @throws AzureError 404 SecretNotFound. */
export function versionOf(secret: Secret, version: string): SecretVersion {
  const found = version === "" ? currentOf(secret) : secret.versions.find((one) => one.version === version);
  if (found === undefined) throw secretNotFound(`${secret.name}/${version}`);
  return found;
}

/** `now` is in seconds. @throws AzureError 409 Conflict with ObjectIsDeletedButRecoverable for a soft-deleted name. */
export function setSecret(vault: Vault, name: string, input: SecretInput, now: number): Secret {
  purgeExpired(vault, now);
  if (vault.deletedSecrets.get(name) !== undefined) {
    const message =
      `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
      "the secret can only be recovered or purged.";
    throw AzureError.keyVault(409, "Conflict", message, { inner: "ObjectIsDeletedButRecoverable" });
  }
  const secret = vault.secrets.get(name) ?? { name, versions: [] };
  const version = randomBytes(16).toString("hex");
  secret.versions.push({ version, ...input, enabled: input.enabled ?? true, created: now, updated: now });
  return vault.secrets.set(secret);
}

export function deleteSecret(vault: Vault, name: string, now: number): DeletedSecret {
  const secret = existingSecret(vault, name);
  const scheduledPurgeDate = now + vault.softDeleteRetentionInDays * dayInSeconds;
  vault.secrets.delete(secret);
  return vault.deletedSecrets.set({ ...secret, deletedDate: now, scheduledPurgeDate });
}

/** @throws AzureError 404 SecretNotFound. */
export function deletedSecret({ deletedSecrets }: Vault, name: string): DeletedSecret {
  const deleted = deletedSecrets.get(name);
  if (deleted === undefined) throw AzureError.keyVault(404, "SecretNotFound", `Deleted Secret not found: ${name}`);
  return deleted;
}

/** @throws AzureError 404 SecretNotFound. */
export function recoverSecret(vault: Vault, name: string): Secret {
  const deleted = deletedSecret(vault, name);
  vault.deletedSecrets.delete(deleted);
  return vault.secrets.set({ name: deleted.name, versions: deleted.versions });
}

/** @throws AzureError 403 Forbidden under purge protection, 404 SecretNotFound. */
export function purgeSecret(vault: Vault, name: string): void {
  const deleted = deletedSecret(vault, name);
  if (vault.enablePurgeProtection) {
    const until = "Key Vault service will automatically purge it after the retention period has passed.";
    const message = `Operation "purge" is not allowed because purge protection is enabled for this vault. ${until}`;
    throw AzureError.keyVault(403, "Forbidden", message);
  }
  vault.deletedSecrets.delete(deleted);
}

export function purgeExpired({ deletedSecrets }: Vault, now: number): void {
  for (const deleted of deletedSecrets) if (deleted.scheduledPurgeDate <= now) deletedSecrets.delete(deleted);
}

function secretNotFound(name: string): AzureError {
  const message =
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be ` +
    "able to recover it using the correct recovery command. For help resolving this issue, please see " +
    "https://go.microsoft.com/fwlink/?linkid=2125182";
  return AzureError.keyVault(404, "SecretNotFound", message);
}
