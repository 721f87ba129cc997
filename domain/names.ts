import { createHash } from "node:crypto";
import { environmentNames, environmentPlaceholder, type EnvironmentName } from "./stage.ts";

/** Prefix of every Key Vault name if `secretPrefix` is not set; `""` means no prefix. */
export const defaultSecretPrefix = "env-";

/** A variable's secret: `GHCR_TOKEN` -> `ghcr-token`; other characters stay, and `keyVaultName` refuses them. */
export function sanitise(variable: string): string {
  return variable.toLowerCase().replaceAll(/[_.]/g, "-");
}

/** The form in which names of all kinds are compared. `/` stays, so that `a/b` and `a-b` remain two names. */
export function normalise(name: string): string {
  return sanitise(name);
}

export function effectivePrefix(secretPrefix: string | undefined): string {
  return secretPrefix ?? defaultSecretPrefix;
}

/** Whether `name`, prefix included, is valid in Key Vault: by its own rule for the characters and for the length. */
export function isKeyVaultName(name: string): boolean {
  return /^[0-9a-z-]{1,127}$/.test(name);
}

/** Name of a secret in Key Vault before its prefix; `name` is its name in the catalogue. */
export function unprefixedKeyVaultName(name: string, secret: { readonly keyVault?: string | undefined }): string {
  return secret.keyVault ?? name;
}

/** Path of a secret under the KV v2 mount; a name without an entry in the catalogue is its own path. */
export function vaultPathOf(name: string, secret: { readonly vault?: string | undefined } | undefined): string {
  return secret?.vault ?? name;
}

export function pathIn(environment: EnvironmentName, path: string): string {
  return path.replaceAll(environmentPlaceholder, environment);
}

export function pathInEach(path: string): readonly string[] {
  return [...new Set(environmentNames.map((environment) => pathIn(environment, path)))];
}

export function namespaceOf(environment: EnvironmentName): string {
  return `ameide-${environment}`;
}

/** Vault's Service, StatefulSet and ServiceAccount in an environment, such as `vault-core-dev`. */
export function vaultServerName(environment: EnvironmentName): string {
  return `vault-core-${environment}`;
}

export function vaultServerHosts(environment: EnvironmentName): readonly string[] {
  return serviceHosts(vaultServerName(environment), namespaceOf(environment));
}

/** Names by which pods reach a Service, the whole one last. */
export function serviceHosts(service: string, namespace: string): readonly [string, string, string] {
  const host = `${service}.${namespace}`;
  return [host, `${host}.svc`, `${host}.svc.cluster.local`];
}

/** How pods reach Vault where the settings give no address of their own. */
export function vaultServerAddress(environment: EnvironmentName): string {
  return `http://${vaultServerHosts(environment).at(-1)}:8200`;
}

/** Secret with Vault's `unseal-key`, and its `root-token` where that is stored. vault-bootstrap creates it. */
export const credentialsSecret = "vault-auto-credentials";

/** The path of a secret in Vault that an ExternalSecret or PushSecret names, which may have the mount before it. */
export function pathBelowMount(key: string, mount: string): string {
  if (!key.startsWith(`${mount}/`)) return key;
  return key.slice(mount.length + 1).replace(/^data\//, "");
}

/** First 12 hex digits of SHA-256 over the parts, each with its length, so that no two lists of parts meet. */
export function digestOf(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 12);
}

/** ServiceAccount, CronJob and pod identity of vault-bootstrap; the name of document 451. */
export const bootstrapName = "foundation-vault-bootstrap-vault-bootstrap";

/** Vault role, and policy, that vault-bootstrap logs in with. */
export const bootstrapRole = "ameide-secrets-bootstrap";
