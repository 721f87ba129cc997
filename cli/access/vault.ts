import { NetworkError } from "../../clients/http.ts";
import { VaultClient, VaultError, type VaultState } from "../../clients/vault.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";

/** What Vault reports about itself without a token. */
export async function vaultState(address: string): Promise<VaultState> {
  const vault = new VaultClient({ address, timeoutInMs: 5_000 });
  const { state } = await vault.health();
  vault.close();
  return state;
}

/**
 * The token that a person brought along for a Vault that others use too. In `local` there is none: whatever is exported is
 * another Vault's, and not to be sent there.
 *
 * @param environment - the process's own.
 */
export function ownVaultToken(
  stackName: string,
  { VAULT_TOKEN: own }: Readonly<Record<string, string | undefined>>,
): Redacted | undefined {
  return stackName === "local" || own === undefined || own === "" ? undefined : new Redacted(own);
}

/**
 * VAULT_ADDR, where VAULT_TOKEN goes with it: then both are one session of the person's. Alone it may be left from a
 * session with another Vault, and this one's root token or unseal key, as the cluster has them, must not be sent there.
 *
 * @param environment - the process's own.
 */
export function ownVaultAddress({
  VAULT_ADDR: address,
  VAULT_TOKEN: token,
}: Readonly<Record<string, string | undefined>>): string | undefined {
  return token === undefined || token === "" || address === "" ? undefined : address;
}

/** A token that is good for one run, and its end. */
export interface ShortToken {
  readonly token: Redacted;
  /** Ends it at Vault; a token that is gone already is no error. */
  revoke(): Promise<void>;
}

/** Time that an update may take; the token ends by itself after it. */
const deployerTtl = "30m";

/**
 * Makes the deployer's policy what it should be, and a token that has nothing but it.
 *
 * @param options.root - used for these two calls only; for the whole of a first preview, see `writePolicy`.
 * @param options.policy - name and HCL of the deployer's policy.
 * @throws UserError with Vault's own words when it refuses.
 */
export async function deployerToken(options: {
  readonly address: string;
  readonly root: Redacted;
  readonly policy: { readonly name: string; readonly hcl: string };
  /**
   * A preview changes nothing, so it takes the policy as it is. Where there is none yet a token with it could see nothing,
   * and the first preview would not tell what is there already: that one looks as root.
   */
  readonly writePolicy: boolean;
}): Promise<ShortToken> {
  const { address, root, policy, writePolicy } = options;
  const path = `/v1/sys/policies/acl/${policy.name}`;
  if (writePolicy) await vaultCall(address, root, "PUT", path, { policy: policy.hcl });
  else if (!(await isThere(address, root, path))) return { token: root, revoke: () => Promise.resolve() };
  return shortToken({ address, root, policy: policy.name, ttl: deployerTtl });
}

async function isThere(address: string, token: Redacted, path: string): Promise<boolean> {
  try {
    await vaultCall(address, token, "GET", path);
    return true;
  } catch (error) {
    if (vaultStatus(error) === 404) return false;
    throw error;
  }
}

/** An orphan token with one policy; it ends by itself after `ttl` (Vault's own notation) where nobody revokes it. */
export async function shortToken(options: {
  readonly address: string;
  readonly root: Redacted;
  readonly policy: string;
  readonly ttl: string;
}): Promise<ShortToken> {
  const { address, root, policy, ttl } = options;
  const made = await vaultCall(address, root, "POST", "/v1/auth/token/create-orphan", {
    policies: [policy],
    ttl,
    explicit_max_ttl: ttl,
    display_name: policy,
  });
  const token = new Redacted((made as { auth: { client_token: string } }).auth.client_token);
  return {
    token,
    revoke: async () => {
      await vaultCall(address, token, "POST", "/v1/auth/token/revoke-self", {}).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
      });
    },
  };
}

/** The HTTP status of an error of {@link vaultCall}, `undefined` where Vault did not answer at all. */
export function vaultStatus(error: unknown): number | undefined {
  return error instanceof UserError && error.cause instanceof VaultError ? error.cause.status : undefined;
}

/**
 * One call of Vault's API.
 *
 * @param token - left out for the few calls that need none, such as unsealing.
 * @throws UserError `vault-refused` with Vault's own words, `vault-unreachable` where it does not answer.
 */
export async function vaultCall<T = unknown>(
  address: string,
  token: Redacted | undefined,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<T> {
  const vault = new VaultClient({ address, token, timeoutInMs: 15_000 });
  const fix = "look at Vault with: ameide-secrets doctor --stack <stack>";
  try {
    return (await vault.call<T | undefined>(method, path.replace(/^\/v1\//, ""), { body })) ?? ({} as T);
  } catch (cause) {
    if (cause instanceof NetworkError) {
      const problem = `Vault at ${address} does not answer ${method} ${path}: ${cause.message}`;
      throw UserError.of("vault-unreachable", problem, fix, { cause });
    }
    if (!(cause instanceof VaultError)) throw cause;
    const problem = `Vault answered ${cause.status} to ${method} ${path}: ${cause.message}`;
    throw UserError.of("vault-refused", problem, fix, { cause });
  } finally {
    vault.close();
  }
}
