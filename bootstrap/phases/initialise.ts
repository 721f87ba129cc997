import { pauseFor } from "../../clients/pacing.ts";
import { VaultError, type VaultClient } from "../../clients/vault.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { CredentialsSecret, VaultCredentials } from "../credentials-secret.ts";
import { BootstrapFailure, messageOf } from "../failure.ts";
import { kubernetesFailure } from "../kubernetes.ts";
import type { Run } from "../run-context.ts";

/**
 * Initialises an empty Vault. It creates the keys only once it is proven that they can be stored. No later run can fix
 * a loss between Vault's answer and the write of the Secret: see `vault-orphaned`.
 *
 * @returns the root token if it must be revoked once Vault is unsealed ({@link revokeRootToken}).
 * @throws BootstrapFailure `vault-lost`, `vault-uninitialised`, `vault-orphaned`, `vault-unreachable`, `kubernetes-*`.
 */
export async function initialise(run: Run, credentials: CredentialsSecret): Promise<Redacted | undefined> {
  const { config, vault, log } = run;
  if (await hasCredentials(run, credentials)) {
    throw new BootstrapFailure(
      "vault-lost",
      `Vault at ${config.vault.address} is not initialised, but Secret ${credentials.title} contains the keys of an initialised one`,
      "its volume was lost or its name changed: restore that volume or a snapshot; only if both are lost for good, delete the Secret and run again",
    );
  }
  if (!config.vault.initialise) {
    throw new BootstrapFailure(
      "vault-uninitialised",
      `Vault at ${config.vault.address} is not initialised, and ${config.environment} does not allow vault-bootstrap to initialise it`,
      "initialise it by hand (vault operator init) and keep its recovery keys outside the cluster",
    );
  }
  await proveStorable(credentials);
  if (run.dryRun) {
    log.info("would-initialise", { secret: credentials.title });
    return undefined;
  }
  const given = await ask(run);
  await keep(run, credentials, given);
  log.info("initialised", { secret: credentials.title, vault: vault.address });
  return config.vault.rootToken === "revoked" ? given.rootToken : undefined;
}

/** If this fails, nobody has the token: only this process had it. The stored unseal key can generate a new one. */
export async function revokeRootToken({ vault, log }: Run, token: Redacted): Promise<void> {
  try {
    const session = { token: () => Promise.resolve(token) };
    await vault.call("POST", "auth/token/revoke-self", { session, inRootNamespace: true, inHand: true });
    log.info("root-token-revoked");
  } catch (error) {
    if (error instanceof VaultError && error.status === 403) return; // an earlier try did it, and its answer was lost
    log.warn("root-token-not-revoked", { because: messageOf(error) });
  }
}

/** Where nothing is ever initialised, the Role need not let us read that Secret. */
async function hasCredentials({ config }: Run, credentials: CredentialsSecret): Promise<boolean> {
  try {
    return (await credentials.read()) !== undefined;
  } catch (error) {
    const mayNotRead = error instanceof BootstrapFailure && error.code === "kubernetes-refused";
    if (mayNotRead && !config.vault.initialise) return false;
    throw error;
  }
}

async function proveStorable(credentials: CredentialsSecret): Promise<void> {
  try {
    await credentials.prove();
  } catch (error) {
    const failure = kubernetesFailure(error, `store Vault's keys in Secret ${credentials.title}`);
    // an API server that does not answer says nothing about the right, the quota or the admission
    if (failure instanceof BootstrapFailure && failure.code !== "kubernetes-refused") throw failure;
    throw new BootstrapFailure(
      "vault-uninitialised",
      `Vault was not initialised, because its keys could not be stored: ${messageOf(error)}`,
      "allow the bootstrap's ServiceAccount to create Secrets in its namespace: ameide-secrets up --stack <stack> creates the Role",
      { cause: error },
    );
  }
}

async function ask(run: Run): Promise<VaultCredentials> {
  const { config, vault } = run;
  try {
    return await initialiseOnce(vault, config.vault.unseal === "kms");
  } catch (error) {
    if (await isInitialised(run, error)) {
      const isRefused = error instanceof VaultError && error.status === 400;
      throw isRefused ? initialisedByAnother(config) : orphaned(config.vault.address, messageOf(error));
    }
    throw new BootstrapFailure(
      "vault-uninitialised",
      `Vault at ${config.vault.address} could not be initialised: ${messageOf(error)}`,
      "check Vault's log",
      { cause: error },
    );
  }
}

/** Never retried: after a lost answer a second try would say "already initialised" and hide that the keys are gone. */
async function initialiseOnce(vault: VaultClient, byKeyService: boolean): Promise<VaultCredentials> {
  const kind = byKeyService ? "recovery" : "secret";
  const body = { [`${kind}_shares`]: 1, [`${kind}_threshold`]: 1 };
  type Answer = Readonly<Record<"keys_base64" | "recovery_keys_base64", string[] | undefined>> & { root_token: string };
  const answer = await vault.call<Answer>("POST", "sys/init", { body, once: true, inHand: true });
  const key = answer[byKeyService ? "recovery_keys_base64" : "keys_base64"]?.[0];
  if (key === undefined) throw new Error("sys/init answered without a key");
  const keyKind = byKeyService ? "recovery-key" : "unseal-key";
  return { rootToken: new Redacted(answer.root_token), key: new Redacted(key), keyKind };
}

/** Of a Vault that did not answer: it may have heard, and it may not. */
async function isInitialised({ config, vault }: Run, why: unknown): Promise<boolean> {
  try {
    return (await vault.get<{ initialized: boolean }>("sys/init")).initialized;
  } catch (error) {
    throw new BootstrapFailure(
      "vault-unreachable",
      `Vault at ${config.vault.address} does not report whether it was initialised (${messageOf(why)}): ${messageOf(error)}`,
      "check Vault's log and that its pod runs; the next run asks again",
      { cause: error },
    );
  }
}

/** The keys exist in this process alone now: no signal and no fault of the API server ends this before its last try. */
async function keep({ config, log }: Run, credentials: CredentialsSecret, given: VaultCredentials): Promise<void> {
  const pauses = [100, 200, 500, 1_000, 2_000, 3_000, 4_000];
  for (let attempt = 0; ; attempt++) {
    try {
      await credentials.create(given, config.vault.rootToken === "stored");
      return;
    } catch (error) {
      const pause = pauses[attempt];
      if (pause === undefined) throw orphaned(config.vault.address, messageOf(error));
      log.warn("retry", { what: "keep the credentials", because: messageOf(error) });
      await pauseFor(pause);
    }
  }
}

function initialisedByAnother({ namespace, vault }: BootstrapConfig): BootstrapFailure {
  return new BootstrapFailure(
    "vault-orphaned",
    `Vault at ${vault.address} was initialised by somebody else during this run`,
    `whoever did that has its keys: store the unseal key as unseal-key in Secret ${namespace}/${vault.credentialsSecret}`,
  );
}

/** Of the Vault that this very run found uninitialised: only of that one is it known that it is empty. */
function orphaned(address: string, why: string): BootstrapFailure {
  return new BootstrapFailure(
    "vault-orphaned",
    `Vault at ${address} was initialised by this run, but its keys could not be stored: ${why}`,
    "nobody can unseal it, and it is empty because it was never unsealed: delete its volume and its pod, then run again",
  );
}
