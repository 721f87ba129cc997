import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { inRootNamespace, type VaultTarget } from "../../domain/vault-target.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { retry } from "../../clients/pacing.ts";
import { exists, keptToken, vaultCall, vaultStatus, type ShortToken } from "./vault.ts";
import { credentialsSecret } from "../../domain/names.ts";

/**
 * What the Secret with Vault's keys contains. `rootToken` exists only if the environment keeps it (see `rootToken` of the
 * settings). `recoveryKey` replaces `unsealKey` if a key service unseals Vault: it generates a root token, and unseals nothing.
 */
export async function vaultCredentials(cluster: Pick<Cluster, "find">, namespace: string) {
  const path = `/api/v1/namespaces/${namespace}/secrets/${credentialsSecret}`;
  const secret = await cluster.find<{ readonly data?: Readonly<Record<string, string>> }>(path);
  const valueOf = (key: string): Redacted | undefined => {
    const value = Buffer.from(secret?.data?.[key] ?? "", "base64")
      .toString("utf8")
      .trim();
    return value === "" ? undefined : new Redacted(value);
  };
  return {
    exists: secret !== undefined,
    rootToken: valueOf("root-token"),
    unsealKey: valueOf("unseal-key"),
    recoveryKey: valueOf("recovery-key"),
  };
}

export interface RootTokenOptions {
  readonly vault: VaultTarget;
  readonly cluster: Pick<Cluster, "find">;
  readonly namespace: string;
  /** What else helps where there is no key. @default - a VAULT_TOKEN, for those that read one */
  readonly fix?: string;
  /** How long another generation of a root token is waited for. @default 10 */
  readonly patienceInSeconds?: number;
}

export interface RootToken extends ShortToken {
  /** Whether it is in the cluster, and stays valid. */
  readonly isStored: boolean;
}

/**
 * The stored root token if Vault still knows it, else a new one, generated with the unseal key or the recovery key. It belongs
 * to the root namespace, and is valid in every other. `revoke` ends a generated one only.
 *
 * @throws UserError `vault-credentials-missing` without either; `vault-root-not-generated` if Vault refuses;
 *   `vault-root-busy` if somebody else is generating one.
 */
export async function openRootToken(options: RootTokenOptions): Promise<RootToken> {
  const { cluster, namespace } = options;
  const vault = inRootNamespace(options.vault);
  const { rootToken, unsealKey, recoveryKey, exists } = await vaultCredentials(cluster, namespace);
  if (rootToken !== undefined && (await isValidToken(vault, rootToken)))
    return { ...keptToken(rootToken), isStored: true };
  const key = unsealKey ?? recoveryKey;
  if (key === undefined) {
    const lacks = rootToken === undefined ? "has neither root-token nor unseal-key" : "has a root-token that was revoked, and no unseal-key"; // prettier-ignore
    throw UserError.of(
      "vault-credentials-missing",
      `the Secret ${namespace}/${credentialsSecret} ${exists ? lacks : "does not exist"}`,
      options.fix ?? "set VAULT_TOKEN to a token that can write the policy ameide-secrets-deployer",
    );
  }
  const token = await generateRootToken(vault, key, options.patienceInSeconds);
  return { token, isStored: false, revoke: () => revokeRootToken(vault, token) };
}

/** Runs `use` with a root token that does not outlive it. @throws as {@link openRootToken}, and what `use` throws. */
export async function withRootToken<T>(options: RootTokenOptions, use: (root: Redacted) => Promise<T>): Promise<T> {
  const { token, revoke } = await openRootToken(options);
  try {
    return await use(token);
  } finally {
    await revoke();
  }
}

/** Whether Vault knows the token. @throws UserError if Vault does not answer. */
export async function isValidToken(vault: VaultTarget, token: Redacted): Promise<boolean> {
  return exists(vault, token, "/v1/auth/token/lookup-self", 403);
}

const attemptPath = "/v1/sys/generate-root/attempt";

interface Attempt {
  readonly nonce: string;
  /** Only in the answer to who started it. */
  readonly otp: string;
  readonly required: number;
}

/** With the only key share. @see https://developer.hashicorp.com/vault/api-docs/system/generate-root */
export async function generateRootToken(vault: VaultTarget, key: Redacted, patienceInSeconds = 10): Promise<Redacted> {
  const { nonce, otp, required } = await startAttempt(vault, patienceInSeconds);
  try {
    if (required > 1) throw notGenerated(vault, `it needs ${required} key shares, and only one is stored`);
    const path = "/v1/sys/generate-root/update";
    const answer = await vaultCall<{ complete: boolean; encoded_token?: string; encoded_root_token?: string }>(vault, undefined, "PUT", path, { key: key.reveal(), nonce }); // prettier-ignore
    const encoded = answer.encoded_token || answer.encoded_root_token;
    if (!answer.complete || encoded === undefined) throw notGenerated(vault, "the stored key was not enough");
    return decoded(encoded, otp);
  } catch (error) {
    await cancelAttempt(vault, nonce);
    throw vaultStatus(error) === 400 ? notGenerated(vault, (error as Error).message, error) : error;
  }
}

/** Vault knows one attempt at a time. Another one is waited for: ours end within milliseconds, a person's is not disturbed. */
async function startAttempt(vault: VaultTarget, patienceInSeconds: number): Promise<Attempt> {
  const pauseInMs = 200;
  const timing = {
    retryBaseInMs: pauseInMs,
    retryCapInMs: pauseInMs,
    retryAttempts: 1 + (patienceInSeconds * 1000) / pauseInMs,
  };
  const verdict = (error: unknown) => (vaultStatus(error) === 400 ? {} : undefined);
  const start = () => vaultCall<Attempt>(vault, undefined, "PUT", attemptPath, {});
  return retry(start, { timing, verdict, random: () => 1 }).catch((error: unknown) => {
    const status = vaultStatus(error);
    if (status === undefined) throw error;
    if (status !== 400) throw notGenerated(vault, `it answered HTTP ${status}`, error);
    throw UserError.of(
      "vault-root-busy",
      `somebody else is generating a root token of Vault at ${vault.address}, and Vault allows only one at a time`,
      `wait until they are done; if nobody is (an earlier run was killed): vault operator generate-root -cancel -address=${vault.address}`,
      { cause: error },
    );
  });
}

/** Ends our own attempt only: after an answer that was lost it may be somebody else's turn already. */
async function cancelAttempt(vault: VaultTarget, nonce: string): Promise<void> {
  try {
    const current = await vaultCall<{ nonce: string }>(vault, undefined, "GET", attemptPath);
    if (current.nonce === nonce) await vaultCall(vault, undefined, "DELETE", attemptPath);
  } catch (error) {
    // what made us cancel is reported; an attempt that stays is found by the next one, which says how to end it
    if (!(error instanceof UserError)) throw error;
  }
}

function decoded(encoded: string, otp: string): Redacted {
  const password = Buffer.from(otp, "utf8");
  const bytes = Buffer.from(encoded, "base64").map((byte, index) => byte ^ (password[index] ?? 0));
  return new Redacted(Buffer.from(bytes).toString("utf8"));
}

function notGenerated({ address }: VaultTarget, why: string, cause?: unknown): UserError {
  return UserError.of(
    "vault-root-not-generated",
    `Vault at ${address} does not generate a root token with the stored unseal key: ${why}`,
    "set VAULT_TOKEN to a token that can do this; OpenBao 2.5.3 and newer generates one only with disable_unauthed_generate_root_endpoints = false in its listener",
    { cause },
  );
}

/** Tokens that it created stay valid. @throws UserError `vault-root-not-revoked` after three tries: it never expires. */
export async function revokeRootToken(vault: VaultTarget, token: Redacted): Promise<void> {
  const isGone = (error: unknown) => vaultStatus(error) === 403;
  const revoke = () => vaultCall(vault, token, "POST", "/v1/auth/token/revoke-orphan", { token: token.reveal() });
  const timing = { retryBaseInMs: 500, retryCapInMs: 1_000, retryAttempts: 3 };
  await retry(revoke, { timing, verdict: (error) => (isGone(error) ? undefined : {}) }).catch((error: unknown) => {
    if (isGone(error)) return;
    throw UserError.of(
      "vault-root-not-revoked",
      `the root token that this run generated is still valid: ${error instanceof Error ? error.message : String(error)}`,
      "list the accessors (vault list auth/token/accessors), look up each of them, and revoke the root token that nobody uses (vault token revoke -accessor)",
      { cause: error },
    );
  });
}
