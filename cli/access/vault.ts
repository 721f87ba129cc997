import { NetworkError } from "../../clients/http.ts";
import { VaultClient, VaultError, type VaultHealth, type VaultState } from "../../clients/vault.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { VaultPolicy } from "../../domain/resources/vault-policies.ts";
import { UserError } from "../../domain/user-error.ts";
import type { VaultTarget } from "../../domain/vault-target.ts";

export async function vaultState(target: VaultTarget): Promise<VaultState> {
  return (await vaultHealth(target)).state;
}

/** What Vault reports about itself without a token, and the reason if it does not answer. */
export async function vaultHealth(target: VaultTarget): Promise<VaultHealth> {
  const vault = new VaultClient({ ...target, timeoutInMs: 5_000 });
  return vault.health().finally(() => vault.close());
}

/** VAULT_TOKEN of the environment. In `local` there is none: what is exported belongs to another Vault, and must not be sent. */
export function ownVaultToken(
  stackName: string,
  { VAULT_TOKEN: own }: Readonly<Record<string, string | undefined>>,
): Redacted | undefined {
  return stackName === "local" || own === undefined || own === "" ? undefined : new Redacted(own);
}

/** VAULT_ADDR if VAULT_TOKEN is set too: alone it may be of another Vault, which must not get the keys of this one. */
export function ownVaultAddress({
  VAULT_ADDR: address,
  VAULT_TOKEN: token,
}: Readonly<Record<string, string | undefined>>): string | undefined {
  return token === undefined || token === "" || address === "" ? undefined : address;
}

export interface ShortToken {
  readonly token: Redacted;
  /** Ends it at Vault; a token that no longer exists is not an error. */
  readonly revoke: () => Promise<void>;
}

/** A token that this run was given, or that others use too: it stays valid. */
export function keptToken(token: Redacted): ShortToken {
  return { token, revoke: () => Promise.resolve() };
}

/** Longest time of an update; then the token expires. */
const deployerTtl = "30m";

/**
 * Writes the policies, and creates a token that has only the first of them. `root` is revoked as soon as that token
 * exists, or when this fails.
 *
 * @throws as {@link vaultCall}
 */
export async function deployerToken(options: {
  readonly vault: VaultTarget;
  readonly root: ShortToken;
  readonly policies: readonly [VaultPolicy, ...VaultPolicy[]];
  /** A preview uses the policy that exists. The first one has none, and reads as root: else it would not see what exists. */
  readonly writePolicies: boolean;
}): Promise<ShortToken> {
  const { vault, root, policies, writePolicies: write } = options;
  const [{ name }] = policies;
  let token = root;
  try {
    if (write) await writePolicies(vault, root.token, policies);
    if (write || (await exists(vault, root.token, policyPath(name))))
      token = await shortToken({ vault, root: root.token, policy: name, ttl: deployerTtl });
  } catch (error) {
    await root.revoke();
    throw error;
  }
  if (token !== root) await root.revoke();
  return token;
}

/** @throws as {@link vaultCall} */
export async function writePolicies(
  vault: VaultTarget,
  token: Redacted,
  policies: readonly VaultPolicy[],
): Promise<void> {
  for (const { name, policy } of policies) await vaultCall(vault, token, "PUT", policyPath(name), { policy });
}

export async function deletePolicies(vault: VaultTarget, token: Redacted, names: readonly string[]): Promise<void> {
  for (const name of names) await vaultCall(vault, token, "DELETE", policyPath(name));
}

function policyPath(name: string): string {
  return `/v1/sys/policies/acl/${name}`;
}

/** Whether Vault returns something. @param absent - the status that means no. @throws as {@link vaultCall} */
export async function exists(vault: VaultTarget, token: Redacted, path: string, absent = 404): Promise<boolean> {
  return vaultCall(vault, token, "GET", path).then(
    () => true,
    (error: unknown) => {
      if (vaultStatus(error) === absent) return false;
      throw error;
    },
  );
}

/** An orphan token with one policy; it expires after `ttl` (in Vault's notation) unless it is revoked. */
export async function shortToken(options: {
  readonly vault: VaultTarget;
  readonly root: Redacted;
  readonly policy: string;
  readonly ttl: string;
}): Promise<ShortToken> {
  const { vault, root, policy, ttl } = options;
  const body = { policies: [policy], ttl, explicit_max_ttl: ttl, display_name: policy };
  const path = "/v1/auth/token/create-orphan";
  const { auth } = await vaultCall<{ auth: { client_token: string } }>(vault, root, "POST", path, body);
  return revocable(vault, new Redacted(auth.client_token));
}

export function revocable(vault: VaultTarget, token: Redacted): ShortToken {
  return {
    token,
    revoke: async () => {
      await vaultCall(vault, token, "POST", "/v1/auth/token/revoke-self", {}).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
      });
    },
  };
}

export const untrustedFix =
  "set vault.caFile in the stack file (or VAULT_CACERT) to the PEM file with the CA of Vault's certificate, and vault.operatorAddress to a name in that certificate";

/** The HTTP status of an error of {@link vaultCall}, `undefined` where Vault did not answer at all. */
export function vaultStatus(error: unknown): number | undefined {
  return error instanceof UserError && error.cause instanceof VaultError ? error.cause.status : undefined;
}

/**
 * One call of Vault's API; a few, such as unsealing, need no token.
 *
 * @throws UserError `vault-refused` with Vault's own words, `vault-unreachable` where it does not answer.
 */
export async function vaultCall<T = unknown>(
  target: VaultTarget,
  token: Redacted | undefined,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<T> {
  const vault = new VaultClient({ ...target, token, timeoutInMs: 15_000 });
  const doctor = "ameide-secrets doctor --stack <stack>";
  try {
    return (await vault.call<T | undefined>(method, path.replace(/^\/v1\//, ""), { body })) ?? ({} as T);
  } catch (cause) {
    if (cause instanceof NetworkError) {
      const problem = `Vault at ${target.address} does not answer ${method} ${path}: ${cause.message}`;
      throw UserError.of("vault-unreachable", problem, cause.isUntrusted ? untrustedFix : doctor, { cause });
    }
    if (!(cause instanceof VaultError)) throw cause;
    const problem = `Vault answered ${cause.status} to ${method} ${path}: ${cause.message}`;
    throw UserError.of("vault-refused", problem, doctor, { cause });
  } finally {
    vault.close();
  }
}
