import type { OpenEngine } from "./engine/stack.ts";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { auditorPolicyName, deployerPolicyName, operatorPolicies } from "../../domain/resources/vault-policies.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import type { RegisterOptions } from "../../chain.ts";
import { runBootstrapJob, inTurn, failedRun } from "../access/bootstrap-job.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import type { VaultState } from "../../clients/vault.ts";
import { githubToken } from "../access/github-login.ts";
import { openRootToken } from "../access/root-token.ts";
import { deployerToken, vaultStatus, writePolicies, type ShortToken } from "../access/vault.ts";
import { forgetOperatorPolicies, isOperatorPolicy } from "./operator-policies.ts";
import { previewStack, updateStack, type RunOptions, type RunResult } from "./engine/deploy.ts";
import type { Change } from "./engine/run-log.ts";
import type { Phases } from "../phases.ts";
import { ensureVaultActive } from "./first-step.ts";
import { refuseLoss, refuseUnapproved } from "./gates.ts";
import { isGitops } from "./ownership/kubernetes-objects.ts";
import { explainUnready } from "./unready-objects.ts";

export interface ChainOptions {
  readonly stack: EnvironmentStack;
  readonly cluster: Cluster;
  /** VAULT_TOKEN of whoever runs this. @default - a short one of this run: by GitHub's login in CI, else by a root token */
  readonly vaultToken?: Redacted;
  readonly openEngine: (register: RegisterOptions, vaultToken?: Redacted) => Promise<OpenEngine>;
  readonly policyPacks: readonly string[];
  readonly phases: Phases;
  readonly signal: AbortSignal;
  /** `preview` changes nothing, so it refuses a Vault that is not active instead of unsealing it. */
  readonly until: "preview" | "update";
  /** See RunOptions of the engine. @default false */
  readonly refresh?: boolean;
  /** A plan that was approved: any other is refused. @default - whatever the preview plans */
  readonly approved?: string;
  /** Looks at a plan before any of it is done, and throws to stop it. @default - the gates are enough */
  readonly inspect?: (changes: readonly Change[], vaultToken?: Redacted) => Promise<void>;
  /** See `ensureVaultActive`; only where the Vault is this machine's own. */
  readonly replaceEmptyVault?: (cause: BootstrapCause) => Promise<void>;
}

export interface ChainResult {
  /** What Vault was when the run began. */
  readonly vaultBefore: VaultState;
  readonly preview: RunResult;
  /** Left out where the preview had nothing to change, or was all that was asked. */
  readonly update?: RunResult;
}

/** Vault first, a token for this run, preview with the pack, then the update: see decision 0002. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const { phases } = options;
  const vaultBefore = await phases.run(
    "Vault",
    (tell) => vaultFirst(options, tell),
    (state) => (state === "active" ? "active" : `was ${state}, is active`),
  );
  const token = await tokenForRun(options);
  try {
    const engine = await options.openEngine({}, token.token);
    try {
      const inspect = async (changes: readonly Change[]) => options.inspect?.(changes, token.token);
      const refresh = options.refresh === true || (vaultBefore === "uninitialised" && (await hadVault(engine.stack)));
      if (options.until === "update") await forgetOperatorPolicies(engine.stack);
      const result = await previewThenUpdate(engine.stack, { ...options, inspect, refresh });
      if (vaultBefore === "uninitialised" && options.until === "update") await fillAnew(options, result.update);
      return { vaultBefore, ...result };
    } finally {
      await engine.close();
    }
  } finally {
    await token.revoke();
  }
}

/** Previews with the pack; updates where that is asked and there is something to change. The shared stack has no cluster. */
export async function previewThenUpdate(
  stack: Stack,
  {
    cluster,
    policyPacks,
    signal,
    phases,
    until,
    refresh,
    approved,
    inspect,
  }: Pick<ChainOptions, "policyPacks" | "signal" | "phases" | "until" | "refresh" | "approved" | "inspect"> &
    Partial<Pick<ChainOptions, "cluster">>,
): Promise<Pick<ChainResult, "preview" | "update">> {
  const run = { policyPacks, signal, ...explainedBy(cluster), ...(refresh === undefined ? {} : { refresh }) };
  const preview = await phases.run(
    "preview with the policy pack",
    async () => {
      const { changes, ...rest } = await previewStack(stack, run);
      return { ...rest, changes: changes.filter((change) => !isOperatorPolicy(change)) };
    },
    summary,
  );
  await refuseLoss(preview.changes, stack);
  await inspect?.(preview.changes);
  if (approved !== undefined) refuseUnapproved(preview.changes, approved);
  if (until === "preview" || preview.changes.length === 0) return { preview };
  return { preview, update: await phases.run("update", () => updateStack(stack, run), summary) };
}

function explainedBy(cluster: Cluster | undefined): Pick<RunOptions, "explain"> {
  return cluster === undefined ? {} : { explain: (failed) => explainUnready(cluster, failed) };
}

async function vaultFirst(options: ChainOptions, tell: (text: string) => void): Promise<VaultState> {
  const { stack, cluster, policyPacks, signal } = options;
  let engine: OpenEngine | undefined;
  try {
    return await ensureVaultActive({
      vault: operatorTarget(stack.vault),
      cluster,
      namespace: stack.namespace,
      cronJob: stack.bootstrap.name,
      mayChange: options.until === "update",
      bootstrapOnly: async () => {
        if (isGitops(stack)) throw cronJobNotApplied(stack);
        return (engine = await options.openEngine({ firstStep: true })).stack;
      },
      run: { policyPacks, signal, ...explainedBy(cluster) },
      ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
      ...(options.replaceEmptyVault === undefined ? {} : { replaceEmptyVault: options.replaceEmptyVault }),
      tell,
    });
  } finally {
    await engine?.close();
  }
}

/** With `delivery: gitops` the whole program registers no CronJob: one that the first step created would be deleted by it. */
function cronJobNotApplied({ name, namespace, bootstrap }: EnvironmentStack): UserError {
  return UserError.of(
    "cron-job-not-applied",
    `Vault needs a run of vault-bootstrap, and ArgoCD has not applied the CronJob ${namespace}/${bootstrap.name} yet`,
    `ameide-secrets render --stack ${name} --check --out <folder of the ArgoCD application>, and run this again once ArgoCD has synced it`,
  );
}

/** Whether the state knows of objects in a Vault: after one that was empty they are gone, and a look finds that. */
async function hadVault(stack: Stack): Promise<boolean> {
  const { deployment } = await stack.exportStack();
  const { resources = [] } = (deployment ?? {}) as { readonly resources?: readonly { readonly type: string }[] };
  return resources.some(({ type }) => type.startsWith("vault:"));
}

/**
 * A Vault that was empty when this began has none of the values, and the update's own run of vault-bootstrap has a name
 * that says what it depends on: where that was done once for the former Vault, nothing would carry them before the next
 * scheduled run.
 */
export async function fillAnew(
  { stack, cluster, phases, signal }: Pick<ChainOptions, "stack" | "cluster" | "phases" | "signal">,
  update: RunResult | undefined,
): Promise<void> {
  if (update?.changes.some(({ object }) => object?.startsWith(`${stack.namespace}/${stack.bootstrap.name}-sync-`)))
    return;
  await phases.run("values into the new Vault", async (tell) => {
    const once = () =>
      runBootstrapJob(cluster, {
        namespace: stack.namespace,
        cronJob: stack.bootstrap.name,
        purpose: "fill",
        flags: [],
        timeoutInSeconds: 300,
        signal,
      });
    // a scheduled run may be at work that began before there was anything to log in with
    const ended = await inTurn(once, { signal, tell });
    if (!ended.succeeded)
      throw failedRun(ended, `the new Vault has no values yet: ${ended.job} ended with ${ended.cause}`);
  });
}

async function tokenForRun(options: ChainOptions): Promise<ShortToken> {
  const { stack, cluster, vaultToken, until, phases } = options;
  const vault = operatorTarget(stack.vault);
  const policies = operatorPolicies({ ...stack.vault, mayUnmount: !stack.strictness.protect });
  const write = until === "update";
  const role = write ? deployerPolicyName : auditorPolicyName;
  const brought =
    vaultToken === undefined
      ? await githubToken(stack, role, process.env)
      : { token: vaultToken, revoke: () => Promise.resolve() };
  if (brought === undefined) {
    const root = await openRootToken({ vault, cluster, namespace: stack.namespace });
    if (root.isStored && stack.strictness.rootToken === "revoked") {
      const hint = `stored, but ${stack.name} must not have one: ameide-secrets revoke-root --stack ${stack.name}`;
      await phases.run("root token of Vault", () => Promise.resolve(), () => hint); // prettier-ignore
    }
    return deployerToken({ vault, root, policies, writePolicies: write });
  }
  if (write) {
    await writePolicies(vault, brought.token, policies).catch((error: unknown) => {
      if (vaultStatus(error) !== 403) throw error; // a deployer's own token may not, and need not
    });
  }
  return brought;
}

function summary({ changes }: RunResult): string {
  if (changes.length === 0) return "nothing to change";
  const counts = Map.groupBy(changes, ({ operation }) => operation);
  return [...counts].map(([operation, of]) => `${of.length} to ${operation}`).join(", ");
}
