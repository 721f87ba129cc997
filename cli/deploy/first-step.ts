import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import type { VaultState } from "../../clients/vault.ts";
import { failedRun, runBootstrap } from "../access/bootstrap-job.ts";
import { untrustedFix, vaultHealth, vaultState } from "../access/vault.ts";
import { isGitops, isOurs } from "./ownership/kubernetes-objects.ts";

export interface FirstStepOptions {
  readonly stack: EnvironmentStack;
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
  /** `preview` changes nothing, so it refuses a Vault that is not active instead of unsealing it. */
  readonly until: "preview" | "update";
  /** Replaces a Vault of this machine that nobody can unseal if it never held a value, else throws. @default - none is replaced */
  readonly replaceEmptyVault?: (cause: BootstrapCause) => Promise<void>;
}

/**
 * Initialises and unseals Vault before Pulumi needs it: a sealed Vault would stop the update in the middle.
 *
 * @returns the state of Vault before; `active` or `standby` means that nothing was done.
 * @throws UserError when Vault cannot be reached, or is not active after the run, with the run's cause.
 */
export async function ensureVaultActive(
  options: FirstStepOptions & {
    /** Registers what the CronJob needs, and no more. */
    readonly create: () => Promise<void>;
    readonly tell: (text: string) => void;
  },
): Promise<VaultState> {
  const { stack, cluster, signal, replaceEmptyVault, create, tell } = options;
  const { namespace, bootstrap } = stack;
  const vault = operatorTarget(stack.vault);
  const health = await vaultHealth(vault);
  const { state } = health;
  if (state === "active" || state === "standby") return state;
  if (state === "unreachable") {
    throw UserError.of(
      "vault-unreachable",
      `Vault does not answer at ${vault.address}: ${health.why}`,
      health.isUntrusted === true
        ? untrustedFix
        : "start Vault, open a port-forward to it, or set vault.operatorAddress in the stack file",
    );
  }
  if (options.until === "preview") {
    throw UserError.of(
      `vault-${state}`,
      `Vault at ${vault.address} is ${state}`,
      "ameide-secrets up --stack <stack> runs vault-bootstrap first",
    );
  }
  tell(`Vault is ${state}`);

  const cronJob = await cluster.find(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`);
  if (cronJob === undefined) {
    if (isGitops(stack)) throw cronJobNotApplied(stack);
    tell("creating what vault-bootstrap needs");
    await create();
  } else if (!isOurs(cronJob)) {
    // one of the same name, such as the chart's that this program follows, knows none of our flags
    throw UserError.of(
      "cron-job-not-ours",
      `the CronJob ${namespace}/${bootstrap.name} should unseal Vault, but this program did not create it`,
      `unseal Vault with vault operator unseal, then remove that CronJob; ameide-secrets preview --stack <stack> shows its owner`,
    );
  }

  tell(`running ${bootstrap.name} until Vault is unsealed`);
  const run = { purpose: "unseal", flags: ["--until=unsealed"], timeoutInSeconds: 120, signal, tell };
  let result = await runBootstrap(cluster, stack, run);
  let before: VaultState = state;
  if (replaceEmptyVault !== undefined && unopenable.has(result.cause)) {
    await replaceEmptyVault(result.cause);
    tell("that Vault was empty: a start was interrupted before its keys were stored. A new one replaces it");
    result = await runBootstrap(cluster, stack, run);
    before = "uninitialised";
  }
  const after = await vaultState(vault);
  if (result.succeeded && (after === "active" || after === "standby")) return before;
  throw failedRun(result, `Vault is ${after} after ${result.job} (${result.cause})`);
}

/** Vault has no key that anybody knows, has lost what its key opens, or cannot be initialised. */
const unopenable: ReadonlySet<BootstrapCause> = new Set(["vault-orphaned", "vault-lost", "vault-uninitialised"]);

/** With `delivery: gitops` the whole program registers no CronJob: one that the first step created would be deleted by it. */
function cronJobNotApplied({ name, namespace, bootstrap }: EnvironmentStack): UserError {
  return UserError.of(
    "cron-job-not-applied",
    `Vault needs a run of vault-bootstrap, and ArgoCD has not applied the CronJob ${namespace}/${bootstrap.name} yet`,
    `ameide-secrets render --stack ${name} --check --out <folder of the ArgoCD application>, and run this again once ArgoCD has synced it`,
  );
}
