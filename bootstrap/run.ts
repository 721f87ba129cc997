import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { bootstrapExitCodes } from "../domain/bootstrap-config.ts";
import type { Redacted } from "../domain/redacted.ts";
import { carriedSecrets, type Outcome } from "./decide.ts";
import type { AzureIdentity } from "./azure-errors.ts";
import { CredentialsSecret } from "./credentials-secret.ts";
import { summarise, writeStatus, type Ending } from "./status.ts";
import { BootstrapFailure, messageOf, vaultFailure } from "./failure.ts";
import { passingFault } from "../clients/http.ts";
import { KubernetesClient } from "../clients/kubernetes.ts";
import { VaultClient, VaultError } from "../clients/vault.ts";
import type { Invocation } from "./invocation.ts";
import { mountedServiceAccount } from "./kubernetes.ts";
import { Lease } from "./lease.ts";
import type { Log } from "./log.ts";
import { check } from "./phases/check.ts";
import { deliver } from "./phases/deliver.ts";
import { initialise, revokeRootToken } from "./phases/initialise.ts";
import { list, read } from "./phases/read.ts";
import { unseal, waitForVault } from "./phases/open-vault.ts";
import { failureOf, write } from "./phases/write.ts";
import { concurrency, type Run } from "./run-context.ts";
import type { SecretSource } from "./source.ts";
import { AzureSource } from "./source-azure.ts";
import { KubernetesSecretSource } from "./source-kubernetes-secret.ts";
import type { Timing } from "./timing.ts";
import { VaultKv } from "./vault-kv.ts";
import { VaultSessions } from "./vault-session.ts";

export interface RunOptions {
  readonly invocation: Invocation;
  readonly runId: string;
  readonly timing: Timing;
  readonly log: Log;
  /** Stops the run after the writes in progress; its reason is a BootstrapFailure. */
  readonly signal: AbortSignal;
}

/** One run of vault-bootstrap, from the Lease to the status. @returns the exit code. */
export async function runBootstrap(options: RunOptions): Promise<number> {
  const { invocation, timing, log } = options;
  const startedAt = new Date();
  const progress: Progress = { outcomes: [] };
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const account = await mountedServiceAccount(invocation.serviceAccountDir);
  const kubernetes = new KubernetesClient({
    address: invocation.kubernetesAddress,
    ca: account.ca,
    authenticate: async () => ({ headers: { authorization: `Bearer ${(await account.token()).reveal()}` } }),
    // a run that must stop has 30 s to write its status and release its Lease
    timeoutInMs: 10_000,
    connections: 16,
    retry: { timing, verdict: passingFault, signal },
  });
  const { config, dryRun, vaultCa } = invocation;
  const onRetry = (error: unknown, pause: number): void =>
    log.warn("retry", { pauseInMs: Math.round(pause), because: messageOf(error) });
  const vault = new VaultClient({
    address: config.vault.address,
    namespace: config.vault.namespace,
    ca: vaultCa,
    connections: concurrency.vault,
    retry: { timing, signal, onRetry },
  });
  const run: Run = { config, vault, kubernetes, account, timing, log, signal, dryRun };
  // the pod's name, by which a person finds it; and more, since a stack's runId is the same for every run
  const holder = `${hostname()}_${randomUUID().slice(0, 8)}`;
  const lease = new Lease(run, holder, (failure) => stop.abort(failure));
  let failure: BootstrapFailure | undefined;
  try {
    log.enter("acquire-lease");
    // a run that changes nothing blocks no other run
    if (!dryRun) await lease.acquire();
    const isOpen = await open(run);
    if (isOpen && !invocation.untilUnsealed) {
      await carry(run, invocation.azure, progress);
      failure = failureOf(progress.outcomes);
    }
  } catch (error) {
    failure = asFailure(signal.aborted ? signal.reason : error, run);
  }
  const cause = failure?.code ?? "ok";
  const { phase } = log;
  await progress.sessions?.end();
  vault.close();
  const ending: Ending = {
    runId: options.runId,
    startedAt,
    cause,
    phase,
    failure,
    outcomes: await deliver(run, progress.outcomes),
    untilUnsealed: invocation.untilUnsealed,
    sourceCalls: progress.source?.calls ?? 0,
  };
  await writeStatus(run, ending);
  await lease.release();
  kubernetes.close();
  summarise(run, ending);
  return bootstrapExitCodes[cause];
}

/** @returns whether Vault serves; false only in a dry run, which opens nothing. */
async function open(run: Run): Promise<boolean> {
  const { log } = run;
  const credentials = new CredentialsSecret(run);
  log.enter("wait-for-vault");
  const state = await waitForVault(run);
  if (state === "active" || state === "standby") return true;
  let rootToken: Redacted | undefined;
  if (state === "uninitialised") {
    log.enter("initialise");
    rootToken = await initialise(run, credentials);
    if (run.dryRun) return false;
  }
  log.enter("unseal");
  await unseal(run, credentials);
  if (rootToken !== undefined) await revokeRootToken(run, rootToken);
  return !run.dryRun;
}

/** Result so far; kept separately, so that a stopped run can report it. */
interface Progress {
  readonly outcomes: Outcome[];
  sessions?: VaultSessions;
  source?: SecretSource;
}

async function carry(run: Run, identity: AzureIdentity, progress: Progress): Promise<void> {
  const { config, vault, log } = run;
  log.enter("log-in");
  const sessions = new VaultSessions(run);
  await sessions.logIn();
  progress.sessions = sessions;
  const kv = new VaultKv(vault, sessions, config.vault.mount);
  log.enter("list");
  const source =
    config.source.type === "azure-key-vault"
      ? await AzureSource.open({ ...run, source: config.source, identity })
      : new KubernetesSecretSource(run, config.source);
  progress.source = source;
  const listed = await list(run, source, kv, carriedSecrets(config));
  log.enter("read");
  const known = await read(run, source, kv, listed);
  log.enter("check");
  const decisions = await check(run, sessions, kv, known);
  log.enter("write");
  await write(run, source, kv, decisions, progress.outcomes);
}

function asFailure(error: unknown, { config }: Run): BootstrapFailure {
  if (error instanceof BootstrapFailure) return error;
  const options = { cause: error };
  const { address, role } = config.vault;
  const failure = vaultFailure(error, address);
  if (failure !== undefined) return failure;
  if (error instanceof VaultError && error.status === 403) {
    const fix = "ameide-secrets up --stack <stack> writes the bootstrap's policy from the catalogue";
    return new BootstrapFailure("vault-policy-refused", `role ${role}: ${messageOf(error)}`, fix, options);
  }
  const where = error instanceof Error ? (error.stack?.split("\n")[1]?.trim() ?? "") : "";
  const fix = "this is a bug in vault-bootstrap: report it with the log of this run";
  return new BootstrapFailure("internal-error", `${messageOf(error)} ${where}`, fix, options);
}
