import { NetworkError, objectIn } from "../../clients/http.ts";
import { pauseFor } from "../../clients/pacing.ts";
import { VaultError, type VaultHealth } from "../../clients/vault.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { CredentialsSecret } from "../credentials-secret.ts";
import { BootstrapFailure, sealed } from "../failure.ts";
import type { Run } from "../run-context.ts";
import { StatusConfigMap } from "../status.ts";

/** A `standby` passes calls on to its leader. One that is `electing` has none yet, as on raft just after unsealing. */
type ServingState = VaultHealth | { readonly state: "electing" };

const untrustedFix =
  "set vault.caFile (or vault.caFrom) of the stack file to the CA of Vault's certificate, and vault.address to a name in the certificate, then: ameide-secrets up --stack <stack>";

/** Waits until Vault answers and knows its state. @throws BootstrapFailure `vault-unreachable` */
export async function waitForVault(run: Run): Promise<Exclude<ServingState["state"], "unreachable" | "electing">> {
  const found = await waitUntil(run, (seen) => {
    // a certificate does not become trusted by waiting
    return seen.state === "unreachable" ? seen.isUntrusted === true : seen.state !== "electing";
  });
  if (found.state === "unreachable" || found.state === "electing") {
    const why = found.state === "unreachable" ? found.why : "it has no leader";
    throw new BootstrapFailure(
      "vault-unreachable",
      `Vault at ${run.config.vault.address} is not ready: ${why}`,
      found.state === "unreachable" && found.isUntrusted === true
        ? untrustedFix
        : "check that its pods run and that the address is that of its Service",
    );
  }
  run.log.info("vault", { state: found.state });
  return found.state;
}

async function waitUntil(
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

/** Also waits until Vault serves. @throws BootstrapFailure `vault-sealed`, `vault-orphaned`, `vault-unreachable` */
export async function unseal(run: Run, credentials: CredentialsSecret): Promise<void> {
  const { config, log } = run;
  const address = config.vault.address;
  if (config.vault.unseal === "manual") throw sealed(address);
  if (run.dryRun) {
    log.info("would-unseal", { by: config.vault.unseal });
    return;
  }
  if (config.vault.unseal === "from-secret") await unsealFromSecret(run, credentials);
  const seen = await waitUntilServing(run);
  if (seen.state === "sealed") throw sealed(address);
  if (seen.state === "active" || seen.state === "standby") {
    log.info("vault", { state: seen.state });
    return;
  }
  throw new BootstrapFailure(
    "vault-unreachable",
    `Vault at ${address} was unsealed but is not ready: ${seen.state}`,
    "check Vault's log",
  );
}

/**
 * Just after unsealing, even a single Vault is a standby: a standby counts as serving only after an election's time.
 */
async function waitUntilServing(run: Run): Promise<ServingState> {
  const elected = await waitUntil(run, ({ state }) => state === "active", run.timing.electionInMs);
  if (elected.state === "active") return elected;
  return await waitUntil(run, ({ state }) => state === "active" || state === "standby");
}

async function unsealFromSecret(run: Run, credentials: CredentialsSecret): Promise<void> {
  const { config, log } = run;
  const kept = await credentials.read();
  if (kept === undefined) throw await orphaned(run, credentials);
  const answer = kept.unsealKey && (await submit(run, kept.unsealKey));
  if (answer?.sealed !== false) {
    const needs = answer && `: it needs ${answer.t} key shares, and Secret ${credentials.title} has one`;
    throw new BootstrapFailure(
      "vault-sealed",
      `Vault at ${config.vault.address} is sealed${needs ?? `, and the unseal-key of Secret ${credentials.title} does not unseal it`}`,
      needs === undefined
        ? "find the unseal key that its initialisation printed; the Secret may belong to another Vault"
        : "ask the holders of the other key shares to run: vault operator unseal",
    );
  }
  log.info("unsealed", { secret: credentials.title });
}

/** @returns Vault's state, with its threshold `t`; `undefined` if the key is not a key share of this Vault. */
async function submit({ vault }: Run, key: Redacted) {
  try {
    return await vault.call<{ sealed: boolean; t: number }>("POST", "sys/unseal", { body: { key: key.reveal() } });
  } catch (error) {
    if (error instanceof VaultError && error.status === 400) return undefined;
    throw error;
  }
}

/**
 * If the Secret is gone, Vault may still contain every value. A message calls Vault empty only if a first
 * initialisation may have been interrupted before its keys were stored.
 */
async function orphaned(run: Run, { title }: CredentialsSecret): Promise<BootstrapFailure> {
  const putBack = "put the Secret back from your backup, with its unseal-key: nothing else unseals this Vault";
  const neverOpened =
    "; if that Secret never existed, because the first run was interrupted, Vault is empty: delete its volume and its pod";
  return new BootstrapFailure(
    "vault-orphaned",
    `Vault at ${run.config.vault.address} is sealed, and the Secret ${title} with its unseal-key does not exist`,
    (await mayBeNew(run)) ? `${putBack}${neverOpened}` : putBack,
  );
}

async function mayBeNew(run: Run): Promise<boolean> {
  if (!run.config.vault.initialise) return false;
  try {
    return (await new StatusConfigMap(run).read())?.lastSuccessAt === undefined;
  } catch {
    // a status that cannot be read may contain a success
    return false;
  }
}
