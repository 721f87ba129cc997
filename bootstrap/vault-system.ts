import { Redacted } from "../domain/redacted.ts";
import { NetworkError } from "./http.ts";
import { VaultError, type VaultClient } from "./vault-client.ts";

/** What `sys/health` tells, each kept apart: they have different causes and different repairs. */
export type VaultHealth =
  | { readonly state: "active" | "standby" | "sealed" | "uninitialised" }
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
    return state === undefined ? { state: "unreachable", why: `sys/health answered ${status}` } : { state };
  } catch (error) {
    if (error instanceof NetworkError) return { state: "unreachable", why: error.message };
    throw error;
  }
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
    anonymous: true,
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
    const answer = await vault.call("POST", "sys/unseal", { body: { key: key.reveal() }, anonymous: true });
    return !(answer as { sealed: boolean }).sealed;
  } catch (error) {
    if (error instanceof VaultError && error.status === 400) return false;
    throw error;
  }
}

/**
 * @returns those of `paths` on which our token lacks one of `wanted`; empty where the policy hides the answer.
 */
export async function pathsLacking(
  vault: VaultClient,
  paths: readonly string[],
  wanted: readonly string[],
): Promise<string[]> {
  try {
    const answer = await vault.call("POST", "sys/capabilities-self", { body: { paths } });
    const { data } = answer as { data: Record<string, unknown> };
    return paths.filter((path) => {
      const held = data[path];
      return Array.isArray(held) && !held.includes("root") && !wanted.every((capability) => held.includes(capability));
    });
  } catch (error) {
    // a role without the default policy may not ask; each call tells then by itself
    if (error instanceof VaultError && error.status === 403) return [];
    throw error;
  }
}
