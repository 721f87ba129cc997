import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { leftOutByFirstStep } from "../../chain.ts";
import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import { UserError } from "../../domain/user-error.ts";
import type { VaultTarget } from "../../domain/vault-target.ts";
import { runBootstrapJob, failedRun } from "../access/bootstrap-job.ts";
import type { Cluster, KubernetesObject } from "../../clients/kubernetes.ts";
import type { VaultState } from "../../clients/vault.ts";
import { untrustedFix, vaultHealth, vaultState } from "../access/vault.ts";
import { previewStack, updateStack, type RunOptions } from "./engine/deploy.ts";
import type { Change } from "./engine/run-log.ts";
import { readExport } from "./engine/stack.ts";
import { refuseLoss } from "./gates.ts";
import { isOurs } from "./ownership/kubernetes-objects.ts";

/**
 * Initialises and unseals Vault with the CronJob's own pod template, before Pulumi needs it. Vault's provider first asks
 * Vault in the middle of the update: one that is sealed would stop it with Azure and the cluster changed already.
 *
 * @param options.bootstrapOnly - opens the stack with a program that registers what the CronJob needs, and no more.
 * @returns what Vault was before; `active` means that nothing was done.
 * @throws UserError when Vault cannot be reached, or is not active after the run, with the run's cause.
 */
export async function ensureVaultActive(options: {
  readonly vault: VaultTarget;
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly cronJob: string;
  /** Whether Vault may be unsealed; a preview changes nothing. */
  readonly mayChange: boolean;
  /** @throws UserError where something else applies the CronJob. */
  readonly bootstrapOnly: () => Promise<Stack>;
  readonly run: RunOptions;
  /** See ChainOptions. */
  readonly inspect?: (changes: readonly Change[]) => Promise<void>;
  /**
   * Called for a Vault that nobody can open: replaces it with a new one if it never held a value, else throws why not.
   * @default - the run of vault-bootstrap says what to do
   */
  readonly replaceEmptyVault?: (cause: BootstrapCause) => Promise<void>;
  readonly tell: (text: string) => void;
}): Promise<VaultState> {
  const { vault, cluster, namespace, cronJob, run, tell } = options;
  const { address } = vault;
  const health = await vaultHealth(vault);
  const before = health.state;
  if (before === "active" || before === "standby") return before;
  if (health.state === "unreachable") {
    throw UserError.of(
      "vault-unreachable",
      `Vault does not answer at ${address}: ${health.why}`,
      health.isUntrusted === true
        ? untrustedFix
        : "start Vault, open a port-forward to it, or set vault.operatorAddress in the stack file",
    );
  }
  if (!options.mayChange) {
    throw UserError.of(
      `vault-${before}`,
      `Vault at ${address} is ${before}`,
      "ameide-secrets up --stack <stack> runs vault-bootstrap first",
    );
  }
  tell(`Vault is ${before}`);

  const there = await cluster.find(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${cronJob}`);
  if (there === undefined) {
    tell("creating what vault-bootstrap needs");
    const stack = await options.bootstrapOnly();
    // the state still contains what somebody deleted: without a refresh there would be nothing to create
    const firstStep = { ...run, exclude: leftOutByFirstStep, refresh: true };
    const { resources = [] } = await readExport(stack);
    if (options.inspect !== undefined || resources.length > 0) {
      const { changes } = await previewStack(stack, firstStep);
      await refuseLoss(changes, stack);
      await options.inspect?.(changes);
    }
    await updateStack(stack, firstStep);
  } else {
    requireOurs(there, namespace);
  }

  tell(`running ${cronJob} until Vault is unsealed`);
  const unseal = () =>
    runBootstrapJob(cluster, {
      namespace,
      cronJob,
      purpose: "unseal",
      flags: ["--until=unsealed"],
      timeoutInSeconds: 120,
      signal: run.signal,
    });
  let ended = await unseal();
  let found: VaultState = before;
  if (options.replaceEmptyVault !== undefined && unopenable.has(ended.cause)) {
    await options.replaceEmptyVault(ended.cause);
    tell("that Vault was empty: a start was cut off before its keys were stored. A new one replaces it");
    ended = await unseal();
    found = "uninitialised";
  }
  const after = await vaultState(vault);
  if (ended.succeeded && (after === "active" || after === "standby")) return found;
  throw failedRun(ended, `Vault is ${after} after ${ended.job} (${ended.cause})`);
}

/** Vault has no key that anybody knows, has lost what its key opens, or cannot be initialised. */
const unopenable: ReadonlySet<BootstrapCause> = new Set(["vault-orphaned", "vault-lost", "vault-uninitialised"]);

/** Another's CronJob of the same name, such as the chart's that this program follows, knows none of our flags. */
function requireOurs(cronJob: KubernetesObject, namespace: string): void {
  if (isOurs(cronJob)) return;
  const { name } = cronJob.metadata;
  throw UserError.of(
    "cron-job-not-ours",
    `the CronJob ${namespace}/${name} should unseal Vault, but this program did not create it`,
    `unseal Vault with vault operator unseal, then remove that CronJob; ameide-secrets preview --stack <stack> shows its owner`,
  );
}
