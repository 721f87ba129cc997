import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { credentialsSecret } from "../../domain/names.ts";

export interface VaultCredentials {
  readonly exists: boolean;
  /** Only where the environment keeps it; see `rootToken` of the settings. */
  readonly rootToken?: Redacted;
  readonly unsealKey?: Redacted;
  /** In place of an unseal key where a key service unseals: it generates a root token, and unseals nothing. */
  readonly recoveryKey?: Redacted;
}

/** What the Secret with Vault's keys contains. The names of its keys are the seed's. */
export async function vaultCredentials(cluster: Pick<Cluster, "find">, namespace: string): Promise<VaultCredentials> {
  const secret = await cluster.find<{ readonly data?: Readonly<Record<string, string>> }>(
    `/api/v1/namespaces/${namespace}/secrets/${credentialsSecret}`,
  );
  const valueOf = (key: string): Redacted | undefined => {
    const encoded = secret?.data?.[key];
    return encoded === undefined || encoded === ""
      ? undefined
      : new Redacted(Buffer.from(encoded, "base64").toString("utf8").trim());
  };
  const rootToken = valueOf("root-token");
  const unsealKey = valueOf("unseal-key");
  const recoveryKey = valueOf("recovery-key");
  return {
    exists: secret !== undefined,
    ...(rootToken === undefined ? {} : { rootToken }),
    ...(unsealKey === undefined ? {} : { unsealKey }),
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  };
}

/** @throws UserError with `fix` where there is no such Secret, or no key in it. */
export async function storedUnsealKey(cluster: Cluster, namespace: string, fix: string): Promise<Redacted> {
  const { exists, unsealKey } = await vaultCredentials(cluster, namespace);
  if (unsealKey !== undefined) return unsealKey;
  throw UserError.of(
    "vault-credentials-missing",
    `the Secret ${namespace}/${credentialsSecret} ${exists ? "has no unseal-key" : "does not exist"}`,
    fix,
  );
}
