import { Redacted } from "../domain/redacted.ts";
import { NetworkError, parseAnswer } from "./http.ts";
import { VaultError, type VaultClient } from "./vault-client.ts";
import type { VaultSession } from "./vault-session.ts";

/**
 * What `sys/health` tells, each kept apart: they have different causes and different repairs. A `standby` passes calls on
 * to its leader; one that is `electing` has none yet, as every Vault on raft for a moment after it is unsealed.
 */
export type VaultHealth =
  | { readonly state: "active" | "standby" | "electing" | "sealed" | "uninitialised" }
  | { readonly state: "unreachable"; readonly why: string };

/** Vault's own codes of `sys/health`; 429 is a standby there, not a limit. */
const stateOfStatus: Readonly<Record<number, "active" | "standby" | "sealed" | "uninitialised">> = {
  200: "active",
  429: "standby",
  472: "standby",
  473: "standby",
  501: "uninitialised",
  503: "sealed",
};

export async function health(vault: VaultClient, signal?: AbortSignal): Promise<VaultHealth> {
  try {
    const { status } = await vault.send("GET", "sys/health", { signal });
    const state = stateOfStatus[status];
    if (state === "standby" && !(await hasLeader(vault, signal))) return { state: "electing" };
    return state === undefined ? { state: "unreachable", why: `sys/health answered ${status}` } : { state };
  } catch (error) {
    if (error instanceof NetworkError) return { state: "unreachable", why: error.message };
    throw error;
  }
}

async function hasLeader(vault: VaultClient, signal?: AbortSignal): Promise<boolean> {
  const { status, body } = await vault.send("GET", "sys/leader", { signal });
  return status === 200 && (parseAnswer("sys/leader", body) as { leader_address?: string }).leader_address !== "";
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
  const answer = (await vault.call("POST", "sys/init", {
    body: shares,
    once: true,
    inHand: true,
  })) as {
    root_token: string;
    keys_base64?: string[];
    recovery_keys_base64?: string[];
  };
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
    const answer = await vault.call("POST", "sys/unseal", { body: { key: key.reveal() } });
    return !(answer as { sealed: boolean }).sealed;
  } catch (error) {
    if (error instanceof VaultError && error.status === 400) return false;
    throw error;
  }
}

/**
 * @param paths - some hundreds at most: Vault works out each by itself, and refuses a thousand strings as too complex.
 * @returns those of `paths` on which the session's token lacks one of `wanted`; empty where the policy hides the answer.
 */
export async function pathsLacking(
  vault: VaultClient,
  session: VaultSession,
  paths: readonly string[],
  wanted: readonly string[],
): Promise<string[]> {
  try {
    const answer = await vault.call("POST", "sys/capabilities-self", { session, body: { paths } });
    const { data } = answer as { data: Record<string, unknown> };
    return paths.filter((path) => !allows(data[path], wanted));
  } catch (error) {
    // a policy that lacks this one path; each call tells then by itself
    if (error instanceof VaultError && error.status === 403) return [];
    throw error;
  }
}

function allows(held: unknown, wanted: readonly string[]): boolean {
  if (!Array.isArray(held) || held.includes("root")) return true;
  return wanted.every((capability) => held.includes(capability));
}
