import { UserError } from "./user-error.ts";

/** Name of a Key Vault secret, prefix included. Only {@link keyVaultName} makes one. */
export type KeyVaultName = string & { readonly __brand: "KeyVaultName" };

/** What stands before every Key Vault name where `secretPrefix` is not set; `""` is a choice of its own: no prefix. */
export const defaultSecretPrefix = "env-";

/** Key Vault's own rule, both for the characters and for the length. */
const keyVaultNamePattern = /^[0-9a-z-]{1,127}$/;

/**
 * Maps a variable of `.env` to the name of its secret: lower case, `_` and `.` become `-`.
 *
 * @param variable - such as `GHCR_TOKEN`.
 * @returns such as `ghcr-token`; other characters stay as they are, {@link keyVaultName} refuses them.
 */
export function sanitise(variable: string): string {
  return variable.toLowerCase().replaceAll(/[_.]/g, "-");
}

/**
 * The form in which names are compared, whatever they name: variables, secrets, Vault paths, Kubernetes objects.
 * `/` stays, so that `gitlab/tokens/dev/backstage` and `gitlab-tokens-dev-backstage` remain two names.
 */
export function normalise(name: string): string {
  return sanitise(name);
}

/** The prefix that holds: not set means `env-`, `""` means none. */
export function effectivePrefix(secretPrefix: string | undefined): string {
  return secretPrefix ?? defaultSecretPrefix;
}

/** Whether Key Vault takes `name` as it stands. */
export function isKeyVaultName(name: string): name is KeyVaultName {
  return keyVaultNamePattern.test(name);
}

/**
 * Name of a secret in Key Vault; the prefix counts in the 127 characters.
 *
 * @param name - sanitised, such as `ghcr-token`.
 * @param secretPrefix - not set means `env-`, `""` means no prefix.
 * @throws UserError if a character other than `a-z`, `0-9`, `-` remains, or the length is 0 or over 127.
 * @see https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates
 */
export function keyVaultName(name: string, secretPrefix: string | undefined): KeyVaultName {
  const full = `${effectivePrefix(secretPrefix)}${name}`;
  if (name === "" || !isKeyVaultName(full)) {
    throw UserError.of(
      "key-vault-name-invalid",
      `${JSON.stringify(full)} (${full.length} characters, prefix included) cannot name a Key Vault secret`,
      "use 1 to 127 characters of a-z, 0-9 and -",
    );
  }
  return full;
}
