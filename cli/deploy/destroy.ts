import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { deployerPolicy, destroyerPolicyName, operatorPolicyNames } from "../../domain/resources/vault-policies.ts";
import { openRootToken, withRootToken } from "../access/root-token.ts";
import { deletePolicies, deployerToken, ownVaultToken, vaultState } from "../access/vault.ts";
import { destroyStack, stayingResources } from "./engine/deploy.ts";
import type { Change } from "./engine/change.ts";
import { type OpenEngine, withEngine } from "./engine/stack.ts";
import { forgetOperatorPolicies, isOperatorPolicy } from "./engine/state.ts";
import type { ChainOptions } from "./chain.ts";
import { openCloudStack, refuseDebugProviders } from "./cloud-engine.ts";
import { clusterOf, loadCloudStack } from "../access/cloud-stack.ts";
import { reachVault } from "../access/vault-way.ts";
import { credentialsSecret } from "../../domain/names.ts";

export interface Destruction {
  readonly changes: readonly Change[];
  readonly stays: Readonly<Awaited<ReturnType<typeof stayingResources>>>;
  /** What no stack ever contained, and so stays as well; a line each. */
  readonly untouched: readonly string[];
}

export interface DestroyOptions extends Pick<ChainOptions, "stack" | "cluster" | "vaultToken" | "phases" | "signal"> {
  readonly openEngine: (vaultToken: Redacted) => Promise<OpenEngine>;
  readonly preview: boolean;
}

/**
 * Removes one environment from Azure, Vault and the cluster, except for what holds values (Vault's mounts, the live Secrets and
 * what keeps them) and what other environments need. @throws UserError when Vault is not active, or with the engine's own words.
 */
export async function destroyChain(options: DestroyOptions): Promise<Destruction> {
  const { stack, phases, preview, signal } = options;
  const state = await vaultState(operatorTarget(stack.vault));
  if (state !== "active") {
    throw UserError.of(
      `vault-${state}`,
      `Vault at ${stack.vault.operatorAddress} is ${state}, so what the stack has in it cannot be removed`,
      `ameide-secrets unseal --stack ${stack.name}, or ameide-secrets doctor --stack ${stack.name}`,
    );
  }
  const { token, end } = await tokenForRun(options);
  let isDestroyed = false;
  try {
    return await withEngine(options.openEngine(token), async (engine) => {
      if (!preview) await forgetOperatorPolicies(engine);
      const stays = await stayingResources(engine);
      const changes = await phases.run(preview ? "preview of the destruction" : "destroy", () =>
        destroyStack(engine, { preview, signal }),
      );
      isDestroyed = !preview;
      return { changes: changes.filter((change) => !isOperatorPolicy(change)), stays, untouched: untouchedBy(options) };
    });
  } finally {
    await end(isDestroyed);
  }
}

/** {@link destroyChain} for a stack on its cloud. @throws UserError for `shared` and `local`, saying how. */
export async function destroyCloud({
  stack: name,
  ...run
}: Pick<DestroyOptions, "preview" | "phases" | "signal"> & { readonly stack: string }): Promise<Destruction> {
  refuseDebugProviders(name);
  if (name === "shared") {
    throw UserError.of(
      "shared-is-lived-on",
      "the stack shared cannot be destroyed: every environment needs its Key Vault, values and identity",
      "destroy the environments first; then, by hand (Key Vault keeps its name for 90 days): " +
        "pulumi state unprotect --all --stack shared, pulumi destroy --stack shared",
    );
  }
  if (name === "local") {
    throw UserError.of(
      "local-is-not-a-cloud",
      "the stack local is removed with its folder",
      "ameide-secrets local down --delete",
    );
  }
  const { stack, cluster } = await clusterOf(await loadCloudStack(name, []));
  const forward = await reachVault(stack, cluster);
  try {
    return await destroyChain({
      ...run,
      stack,
      cluster,
      vaultToken: ownVaultToken(name, process.env),
      openEngine: async (vaultToken) => ({ stack: await openCloudStack(name, stack, { vaultToken, create: false }) }),
    });
  } finally {
    await forward?.close();
  }
}

async function tokenForRun({ stack, cluster, vaultToken }: DestroyOptions) {
  if (vaultToken !== undefined) return { token: vaultToken, end: () => Promise.resolve() };
  const { namespace, vault, strictness } = stack;
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
    end: async (isDestroyed: boolean) => {
      await short.revoke();
      const gone = isDestroyed ? [name, ...operatorPolicyNames] : [name];
      await withRootToken(access, (root) => deletePolicies(target, root, gone));
    },
  };
}

function untouchedBy({ stack, vaultToken }: DestroyOptions): readonly string[] {
  const { namespace, vault, plan, azure, shared } = stack;
  const namespaces = [...new Set(plan.deliveries.map((delivery) => delivery.namespace))];
  return [
    `Vault's data under ${vault.mount}/, and the Secret ${namespace}/${credentialsSecret} that unseals it`,
    ...(vaultToken !== undefined
      ? [`Vault's policies ${operatorPolicyNames.join(" and ")}, which VAULT_TOKEN cannot delete`]
      : []),
    `the Secrets that External Secrets created in ${namespaces.join(", ")}`,
    ...(shared === undefined
      ? [
          `Key Vault ${azure.keyVault} with its values, and the identity ${azure.identity}: they belong to the stack shared`,
        ]
      : []),
  ];
}
