import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import type { Cluster } from "../../clients/kubernetes.ts";

/** The Secret that the bootstrap keeps after initialising Vault, in dev and local. */
export const credentialsSecret = "vault-auto-credentials";

/**
 * Reads one key of `vault-auto-credentials`.
 *
 * @param key - as the seed spells them.
 * @param fix - the repair where it is missing. @default - a VAULT_TOKEN, for those that read one
 * @throws UserError when there is no such Secret or key.
 */
export async function vaultCredential(
  cluster: Cluster,
  namespace: string,
  key: "root-token" | "unseal-key",
  fix = "set VAULT_TOKEN to a token that may make the policy ameide-secrets-deployer",
): Promise<Redacted> {
  interface Secret {
    readonly data?: Readonly<Record<string, string>>;
  }
  const secret = await cluster.find<Secret>(`/api/v1/namespaces/${namespace}/secrets/${credentialsSecret}`);
  const value = secret?.data?.[key];
  if (value === undefined) {
    throw UserError.of(
      "vault-credentials-missing",
      `the Secret ${namespace}/${credentialsSecret} ${secret === undefined ? "does not exist" : `has no key ${key}`}`,
      fix,
    );
  }
  return new Redacted(Buffer.from(value, "base64").toString("utf8"));
}
