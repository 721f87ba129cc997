import { Redacted } from "../domain/redacted.ts";
import { NetworkError, parseAnswer } from "../clients/http.ts";
import { VaultError, type VaultClient, type VaultHealth } from "../clients/vault.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";
import type { VaultSession } from "./vault-session.ts";

/**
 * Health, with one state more. A `standby` passes calls on to its leader; one that is `electing` has none yet, as every
 * Vault on raft for a moment after it is unsealed.
 */
export type ServingState = VaultHealth | { readonly state: "electing" };

export async function health(vault: VaultClient, signal?: AbortSignal): Promise<ServingState> {
  const found = await vault.health(signal);
  if (found.state !== "standby") return found;
  try {
    return (await hasLeader(vault, signal)) ? found : { state: "electing" };
  } catch (error) {
    if (error instanceof NetworkError) return { state: "unreachable", why: error.message };
    throw error;
  }
}

async function hasLeader(vault: VaultClient, signal?: AbortSignal): Promise<boolean> {
  const { status, body } = await vault.send("GET", "sys/leader", { signal });
  return status === 200 && (parseAnswer("sys/leader", body) as { leader_address?: string }).leader_address !== "";
}

export function sealed(address: string): BootstrapFailure {
  return new BootstrapFailure(
    "vault-sealed",
    `Vault at ${address} is sealed`,
    "unseal it: ameide-secrets unseal, or wait for its key service where it unseals itself",
  );
}

/** A rate limit quota of Vault is used up. */
export function throttled(address: string, error: VaultError): BootstrapFailure {
  return new BootstrapFailure(
    "vault-throttled",
    `${address} has too many requests: ${messageOf(error)}`,
    "raise Vault's rate limit quota (sys/quotas/rate-limit), or wait: the next run goes on from here",
    { cause: error },
  );
}

/** What initialisation gives, once. */
export interface VaultCredentials {
  readonly rootToken: Redacted;
  /** Unseals; with a key service it recovers and does not unseal. */
  readonly key: Redacted;
  readonly keyKind: "unseal-key" | "recovery-key";
}

/**
 * Initialises with one key, as the platform keeps it. Never retried: a second try after a lost answer would say
 * "already initialised", and hide that the keys are gone.
 */
export async function initialise(vault: VaultClient, byKeyService: boolean): Promise<VaultCredentials> {
  const shares = byKeyService
    ? { recovery_shares: 1, recovery_threshold: 1 }
    : { secret_shares: 1, secret_threshold: 1 };
  interface Answer {
    readonly root_token: string;
    readonly keys_base64?: string[];
    readonly recovery_keys_base64?: string[];
  }
  const answer = await vault.call<Answer>("POST", "sys/init", { body: shares, once: true, inHand: true });
  const key = (byKeyService ? answer.recovery_keys_base64 : answer.keys_base64)?.[0];
  if (key === undefined) throw new Error("sys/init answered without a key");
  return {
    rootToken: new Redacted(answer.root_token),
    key: new Redacted(key),
    keyKind: byKeyService ? "recovery-key" : "unseal-key",
  };
}

/** @returns whether the key fitted. */
export async function unseal(vault: VaultClient, key: Redacted): Promise<boolean> {
  try {
    return !(await vault.call<{ sealed: boolean }>("POST", "sys/unseal", { body: { key: key.reveal() } })).sealed;
  } catch (error) {
    if (error instanceof VaultError && error.status === 400) return false;
    throw error;
  }
}

/**
 * @param paths - some hundreds at most: Vault evaluates each one, and refuses a thousand strings as too complex.
 * @returns those of `paths` on which the session's token lacks one of `wanted`; empty where the policy hides the answer.
 */
export async function pathsLacking(
  vault: VaultClient,
  session: VaultSession,
  paths: readonly string[],
  wanted: readonly string[],
): Promise<string[]> {
  try {
    const options = { session, body: { paths } };
    const { data } = await vault.call<{ data: Record<string, unknown> }>("POST", "sys/capabilities-self", options);
    return paths.filter((path) => !allows(data[path], wanted));
  } catch (error) {
    // a policy without this path; then each call reports its own refusal
    if (error instanceof VaultError && error.status === 403) return [];
    throw error;
  }
}

function allows(held: unknown, wanted: readonly string[]): boolean {
  if (!Array.isArray(held) || held.includes("root")) return true;
  return wanted.every((capability) => held.includes(capability));
}
