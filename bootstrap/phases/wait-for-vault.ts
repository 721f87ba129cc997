import { NetworkError, objectIn } from "../../clients/http.ts";
import { pauseFor } from "../../clients/pacing.ts";
import type { VaultHealth } from "../../clients/vault.ts";
import { BootstrapFailure } from "../failure.ts";
import type { Run } from "../run-context.ts";

/**
 * Health, with one state more. A `standby` passes calls on to its leader; one that is `electing` has none yet, as every
 * Vault on raft for a moment after it is unsealed.
 */
export type ServingState = VaultHealth | { readonly state: "electing" };

const untrustedFix =
  "set vault.caFile (or vault.caFrom) of the stack file to the CA of Vault's certificate, and vault.address to a name that the certificate has: ameide-secrets up";

/**
 * Waits until Vault answers and knows what it is.
 *
 * @throws BootstrapFailure `vault-unreachable`
 */
export async function waitForVault(run: Run): Promise<Exclude<ServingState["state"], "unreachable" | "electing">> {
  const found = await waitUntil(run, (seen) => {
    // a certificate does not become trusted by waiting
    return seen.state === "unreachable" ? seen.isUntrusted === true : seen.state !== "electing";
  });
  if (found.state === "unreachable" || found.state === "electing") {
    const why = found.state === "unreachable" ? found.why : "it has no leader";
    throw new BootstrapFailure(
      "vault-unreachable",
      `Vault at ${run.config.vault.address} does not serve: ${why}`,
      found.state === "unreachable" && found.isUntrusted === true
        ? untrustedFix
        : "see whether its pods run and whether the address is that of its Service",
    );
  }
  run.log.info("vault", { state: found.state });
  return found.state;
}

/** Asks for Vault's health until it is as wanted or the time is up. @returns the last answer. */
export async function waitUntil(
  run: Run,
  wanted: (health: ServingState) => boolean,
  limitInMs: number = run.timing.vaultWaitInMs,
): Promise<ServingState> {
  const deadline = Date.now() + limitInMs;
  for (let isFirst = true; ; isFirst = false) {
    const seen = await health(run);
    if (wanted(seen) || Date.now() >= deadline) return seen;
    if (isFirst) run.log.info("waiting-for-vault", { state: seen.state });
    await pauseFor(run.timing.vaultPollInMs, run.signal);
  }
}

async function health({ vault, signal }: Run): Promise<ServingState> {
  const found = await vault.health(signal);
  if (found.state !== "standby") return found;
  try {
    const { status, body } = await vault.send("GET", "sys/leader", { signal });
    const { leader_address: leader } = objectIn(body);
    return status === 200 && leader !== "" ? found : { state: "electing" };
  } catch (error) {
    if (error instanceof NetworkError) return { state: "unreachable", why: error.message };
    throw error;
  }
}
