import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { leftOutByFirstStep, type RegisterOptions } from "../../chain.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { auditorPolicyName, deployerPolicyName, operatorPolicies } from "../../domain/resources/vault-policies.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { failedRun, runBootstrap } from "../access/bootstrap-job.ts";
import type { VaultState } from "../../clients/vault.ts";
import { githubToken } from "../access/github-login.ts";
import { openRootToken } from "../access/root-token.ts";
import { deployerToken, keptToken, vaultStatus, writePolicies, type ShortToken } from "../access/vault.ts";
import { releasedObjects } from "./delivery-switch.ts";
import { previewStack, updateStack, type RunResult } from "./engine/deploy.ts";
import { countChanges, type Change } from "./engine/change.ts";
import { withEngine, type OpenEngine } from "./engine/stack.ts";
import { forgetOperatorPolicies, forgetResources, isOperatorPolicy, readResources } from "./engine/state.ts";
import type { Phases } from "../phases.ts";
import { ensureVaultActive, type FirstStepOptions } from "./first-step.ts";
import { refuseLoss, refuseUnapproved } from "./gates.ts";

export interface ChainOptions extends FirstStepOptions {
  readonly openEngine: (register: RegisterOptions, vaultToken?: Redacted) => Promise<OpenEngine>;
  /** Checks a plan before any of it is carried out, and throws to stop it. @default - the gates are enough */
  readonly inspect?: (changes: readonly Change[], vaultToken?: Redacted) => Promise<void>;
  /** VAULT_TOKEN of whoever runs this. @default - a short one of this run: by GitHub's login in CI, else by a root token */
  readonly vaultToken?: Redacted | undefined;
  readonly phases: Phases;
  /** See RunOptions of the engine. @default false */
  readonly refresh?: boolean | undefined;
  /** File with a plan that was approved: any other plan is refused. @default - whatever the preview plans */
  readonly approved?: string | undefined;
}

export interface ChainResult {
  readonly vaultBefore: VaultState;
  readonly preview: RunResult;
  /** Left out if the preview had nothing to change, or only a preview was requested. */
  readonly update?: RunResult;
}

/** Vault first, a token for this run, preview with the pack, then the update: see decision 0002. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const { phases, until } = options;
  const vaultBefore = await phases.run(
    "Vault",
    (tell) => ensureVaultActive({ ...options, create: () => createFirstStep(options), tell }),
    (state) => (state === "active" ? "active" : `was ${state}, is active`),
  );
  const isNew = vaultBefore === "uninitialised";
  const { token, revoke } = await tokenForRun(options);
  try {
    return await withEngine(options.openEngine({}, token), async (stack, read) => {
      // after a Vault that was empty the state still contains objects of the former one: a refresh finds that they are gone
      const resources = read ?? (await readResources(stack));
      const hadVault = isNew && resources.some(({ type }) => type.startsWith("vault:"));
      const released = await releasedObjects(options.stack, resources, options.cluster);
      if (until === "update") {
        await forgetOperatorPolicies(stack, resources);
        if (released.size > 0) await forgetResources(stack, new Set(released.keys()));
      }
      if (released.size > 0) {
        const done = `${until === "update" ? "left" : "would leave"} the state and stay in the cluster: ${[...released.values()].toSorted().join(", ")}`;
        await phases.run("objects that ArgoCD applies", () => Promise.resolve(), () => done); // prettier-ignore
      }
      const result = await previewThenUpdate(stack, {
        ...options,
        inspect: async (changes) => options.inspect?.(changes, token),
        released,
        refresh: options.refresh === true || hadVault,
      });
      if (isNew && until === "update") await fillNewVault(options, result.update);
      return { vaultBefore, ...result };
    });
  } finally {
    await revoke();
  }
}

/**
 * Previews with the pack; updates if that is requested and there is something to change. The shared stack has no cluster.
 * What is `released` leaves the state before an update, so a preview does not show its deletion.
 */
export async function previewThenUpdate(
  stack: Stack,
  options: Pick<ChainOptions, "signal" | "phases" | "until" | "refresh" | "approved" | "inspect"> &
    Partial<Pick<ChainOptions, "cluster">> & { readonly released?: ReadonlyMap<string, string> },
): Promise<Pick<ChainResult, "preview" | "update">> {
  const { cluster, signal, phases, until, refresh, approved, released } = options;
  const run = { signal, refresh, cluster };
  const preview = await phases.run(
    "preview with the policy pack",
    async () => {
      const { changes, ...rest } = await previewStack(stack, run);
      return { ...rest, changes: changes.filter((one) => !isOperatorPolicy(one) && released?.has(one.urn) !== true) };
    },
    ({ changes }) => countChanges(changes, "planned"),
  );
  await refuseLoss(preview.changes, stack);
  await options.inspect?.(preview.changes);
  if (approved !== undefined) refuseUnapproved(preview.changes, approved);
  if (until === "preview" || preview.changes.length === 0) return { preview };
  const update = await phases.run(
    "update",
    () => updateStack(stack, run),
    ({ changes }) => countChanges(changes, "done"),
  );
  return { preview, update };
}

async function createFirstStep({ cluster, openEngine, signal, inspect }: ChainOptions): Promise<void> {
  await withEngine(openEngine({ firstStep: true }), async (stack) => {
    // the state still contains what somebody deleted: without a refresh there would be nothing to create
    const run = { signal, cluster, exclude: leftOutByFirstStep, refresh: true };
    const { changes } = await previewStack(stack, run);
    await refuseLoss(changes, stack);
    await inspect?.(changes);
    await updateStack(stack, run);
  });
}

/** An update runs vault-bootstrap only after a change since its last run, which may have been for the former Vault. */
export async function fillNewVault(
  { stack, cluster, phases, signal }: Pick<ChainOptions, "stack" | "cluster" | "phases" | "signal">,
  update: RunResult | undefined,
): Promise<void> {
  if (update?.changes.some(({ object }) => object?.startsWith(`${stack.namespace}/${stack.bootstrap.name}-sync-`)))
    return;
  await phases.run("values into the new Vault", async (tell) => {
    // a scheduled run may be active that began before there was anything to log in with
    const result = await runBootstrap(cluster, stack, { purpose: "fill", signal, tell });
    if (!result.succeeded)
      throw failedRun(result, `the new Vault has no values yet: ${result.job} ended with ${result.cause}`);
  });
}

async function tokenForRun({ stack, cluster, vaultToken, until, phases }: ChainOptions): Promise<ShortToken> {
  const vault = operatorTarget(stack.vault);
  const policies = operatorPolicies({ ...stack.vault, mayUnmount: !stack.strictness.protect });
  const write = until === "update";
  const brought = vaultToken
    ? keptToken(vaultToken)
    : await githubToken(stack, write ? deployerPolicyName : auditorPolicyName, process.env);
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
