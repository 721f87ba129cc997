import { BootstrapFailure } from "../failure.ts";
import { pauseFor } from "../../clients/pacing.ts";
import type { Run } from "../run-context.ts";
import { health, type ServingState } from "../vault-system.ts";

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

/** Looks at Vault's health until it is as wanted or the time is up. @returns what was seen last. */
export async function waitUntil(
  { vault, timing, signal, log }: Run,
  wanted: (health: ServingState) => boolean,
  limitInMs: number = timing.vaultWaitInMs,
): Promise<ServingState> {
  const deadline = Date.now() + limitInMs;
  for (let told = false; ; told = true) {
    const seen = await health(vault, signal);
    if (wanted(seen) || Date.now() >= deadline) return seen;
    if (!told) log.info("waiting-for-vault", { state: seen.state });
    await pauseFor(timing.vaultPollInMs, signal);
  }
}
