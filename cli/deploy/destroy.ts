import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { deployerPolicy, destroyerPolicyName, operatorPolicyNames } from "../../domain/resources/vault-policies.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { openRootToken, withRootToken } from "../access/root-token.ts";
import { deletePolicies, deployerToken, ownVaultToken, vaultState } from "../access/vault.ts";
import { forgetOperatorPolicies, isOperatorPolicy } from "./operator-policies.ts";
import type { Change } from "./engine/run-log.ts";
import type { Phases } from "../phases.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { ChainOptions } from "./chain.ts";
import { openCloudStack } from "./cloud-engine.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { reachVault } from "../access/vault-way.ts";
import { refuseDebugProviders } from "./preflight.ts";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { watched, type RunResult } from "./engine/deploy.ts";
import { readExport } from "./engine/stack.ts";
import { credentialsSecret } from "../../domain/names.ts";

export interface Destruction {
  /** What goes, or went. */
  readonly changes: readonly Change[];
  readonly stays: readonly Staying[];
  /** What no stack ever held, and so stays as well; a line each. */
  readonly untouched: readonly string[];
}

export interface DestroyOptions extends Pick<ChainOptions, "stack" | "cluster" | "vaultToken"> {
  readonly openEngine: (vaultToken: Redacted) => ReturnType<ChainOptions["openEngine"]>;
  /** Shows what would go, and changes nothing. */
  readonly preview: boolean;
  readonly phases: Phases;
  readonly signal: AbortSignal;
}

/**
 * Takes one environment out of Azure, Vault and the cluster, without anything that holds values: Vault's mounts with their
 * data, the live Secrets with what keeps them, and everything that other environments live on.
 *
 * @throws UserError when Vault is not active, or with the engine's own words.
 */
export async function destroyChain(options: DestroyOptions): Promise<Destruction> {
  const { stack, cluster, phases, preview, signal } = options;
  const state = await vaultState(operatorTarget(stack.vault));
  if (state !== "active") {
    throw UserError.of(
      `vault-${state}`,
      `Vault at ${stack.vault.operatorAddress} is ${state}, so what the stack has in it cannot be removed`,
      `ameide-secrets unseal --stack ${stack.name}, or ameide-secrets doctor --stack ${stack.name}`,
    );
  }
  const token = await tokenForRun(stack, cluster, options);
  let isDestroyed = false;
  try {
    const engine = await options.openEngine(token.token);
    try {
      if (!preview) await forgetOperatorPolicies(engine.stack);
      const stays = await stayingResources(engine.stack);
      const { changes } = await phases.run(preview ? "preview of the destruction" : "destroy", () =>
        destroyStack(engine.stack, { preview, signal }),
      );
      isDestroyed = !preview;
      return {
        changes: changes.filter((change) => !isOperatorPolicy(change)),
        stays,
        untouched: untouchedBy(stack, options.vaultToken !== undefined),
      };
    } finally {
      await engine.close();
    }
  } finally {
    await token.end(isDestroyed);
  }
}

/** {@link destroyChain} for a stack on its cloud. @throws UserError for `shared` and `local`, saying how. */
export async function destroyCloud({
  stack: name,
  ...run
}: Pick<DestroyOptions, "preview" | "phases" | "signal"> & { readonly stack: string }): Promise<Destruction> {
  refuseDebugProviders(name);
  if (name === "shared") throw sharedStays();
  if (name === "local") {
    throw UserError.of(
      "local-is-not-a-cloud",
      "the stack local is removed with its folder",
      "ameide-secrets local down --delete",
    );
  }
  const plan = await loadCloudStack(name, []);
  if (plan.kind === "shared") throw sharedStays();
  const cluster = await openCluster(plan.cluster);
  const forward = await reachVault(plan, cluster);
  try {
    const own = ownVaultToken(name, process.env);
    return await destroyChain({
      ...run,
      stack: plan,
      cluster,
      ...(own === undefined ? {} : { vaultToken: own }),
      openEngine: async (token) => ({
        stack: await openCloudStack(name, plan, { vaultToken: token, create: false }),
        close: () => Promise.resolve(),
      }),
    });
  } finally {
    await forward?.close();
  }
}

function sharedStays(): UserError {
  return UserError.of(
    "shared-is-lived-on",
    "the stack shared cannot be destroyed: every environment needs its Key Vault, values and identity",
    "destroy the environments first; then, by hand (Key Vault keeps its name for 90 days): " +
      "pulumi state unprotect --all --stack shared, pulumi destroy --stack shared",
  );
}

async function tokenForRun(
  { namespace, vault, strictness }: EnvironmentStack,
  cluster: Cluster,
  { vaultToken }: DestroyOptions,
): Promise<{ readonly token: Redacted; end(isDestroyed: boolean): Promise<void> }> {
  if (vaultToken !== undefined) return { token: vaultToken, end: () => Promise.resolve() };
  const target = operatorTarget(vault);
  const access = { vault: target, cluster, namespace };
  const name = destroyerPolicyName;
  const short = await deployerToken({
    vault: target,
    root: await openRootToken(access),
    policies: [{ name, policy: deployerPolicy({ ...vault, mayUnmount: !strictness.protect }) }],
    writePolicies: true,
  });
  return {
    token: short.token,
    end: async (isDestroyed) => {
      await short.revoke();
      const gone = isDestroyed ? [name, ...operatorPolicyNames] : [name];
      await withRootToken(access, (root) => deletePolicies(target, root, gone));
    },
  };
}

function untouchedBy(
  { namespace, vault, plan, azure, shared }: EnvironmentStack,
  hasOwnToken: boolean,
): readonly string[] {
  const namespaces = [...new Set(plan.deliveries.map((delivery) => delivery.namespace))];
  return [
    `Vault's data under ${vault.mount}/, and the Secret ${namespace}/${credentialsSecret} that unseals it`,
    ...(hasOwnToken ? [`Vault's policies ${operatorPolicyNames.join(" and ")}, which VAULT_TOKEN cannot delete`] : []),
    `the Secrets that External Secrets created in ${namespaces.join(", ")}`,
    ...(shared === undefined
      ? [
          `Key Vault ${azure.keyVault} with its values, and the identity ${azure.identity}: they belong to the stack shared`,
        ]
      : []),
  ];
}

/** One resource of a stack that outlives its destruction. */
export interface Staying {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** `protected`: stays in the stack as well. `retained`: leaves the stack, and is left in place. */
  readonly because: "protected" | "retained";
}

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly delete?: boolean;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

/** What of the stack's state outlives {@link destroyStack}. */
export async function stayingResources(stack: Stack): Promise<readonly Staying[]> {
  const { resources = [] } = (await readExport(stack)) as { readonly resources?: readonly StateResource[] };
  return resources
    .filter(({ custom, delete: pending }) => custom === true && pending !== true)
    .flatMap(({ urn, type, protect, retainOnDelete }): readonly Staying[] => {
      if (protect !== true && retainOnDelete !== true) return [];
      const name = urn.slice(urn.lastIndexOf("::") + 2);
      return [{ urn, name, type, because: protect === true ? "protected" : "retained" }];
    });
}

/**
 * Deletes what the stack holds and nothing protects; never lifts a protection.
 *
 * @param options.preview - changes nothing.
 * @returns what goes; what is only retained is not among it.
 * @throws UserError with the engine's own words.
 */
export async function destroyStack(
  stack: Stack,
  { preview, signal }: { readonly preview: boolean; readonly signal: AbortSignal },
): Promise<Pick<RunResult, "changes">> {
  const retained = new Set((await stayingResources(stack)).map(({ urn }) => urn));
  const { changes } = await watched("destroy", stack, { signal }, async ({ listen: onEvent }) => {
    const options = {
      excludeProtected: true,
      signal,
      onEvent,
      color: "never" as const,
      suppressProgress: true,
      onOutput: () => {},
      onError: () => {},
    };
    await (preview ? stack.previewDestroy(options) : stack.destroy(options));
  });
  return { changes: changes.filter(({ urn }) => !retained.has(urn)) };
}
