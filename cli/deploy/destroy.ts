import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { deployerPolicy } from "../../domain/resources/vault-policies.ts";
import type { Cluster } from "../access/cluster.ts";
import { deployerToken, ownVaultToken, vaultCall, vaultState } from "../access/vault.ts";
import { destroyStack, stayingResources, type Staying } from "./engine/destroy.ts";
import type { Change } from "./engine/run-log.ts";
import type { Phases } from "../phases.ts";
import { openCluster } from "../access/cluster.ts";
import type { ChainOptions } from "./chain.ts";
import { openCloudStack } from "./cloud-engine.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { reachVault } from "../access/vault-way.ts";
import { refuseDebugProviders } from "./preflight.ts";
import { credentialsSecret, vaultCredential } from "../access/vault-credentials.ts";

export interface Destruction {
  /** What goes, or went. */
  readonly changes: readonly Change[];
  readonly stays: readonly Staying[];
  /** What no stack ever held, and so stays as well; a line each. */
  readonly untouched: readonly string[];
}

export interface DestroyOptions extends Pick<ChainOptions, "stack" | "cluster" | "vaultAddress" | "vaultToken"> {
  readonly openEngine: (vaultToken: Redacted) => ReturnType<ChainOptions["openEngine"]>;
  /** Shows what would go, and changes nothing. */
  readonly preview: boolean;
  readonly phases: Phases;
  readonly signal: AbortSignal;
}

/** The deployer's own policy goes with the stack: the run that takes it away needs one that does not. */
const destroyerPolicyName = "ameide-secrets-destroyer";

/**
 * Takes one environment out of Azure, Vault and the cluster, without anything that holds values: Vault's mounts with their
 * data, the live Secrets with what keeps them, and everything that other environments live on.
 *
 * @throws UserError when Vault is not active, or with the engine's own words.
 */
export async function destroyChain(options: DestroyOptions): Promise<Destruction> {
  const { stack, cluster, vaultAddress, phases, preview, signal } = options;
  const state = await vaultState(vaultAddress);
  if (state !== "active") {
    throw UserError.of(
      `vault-${state}`,
      `Vault at ${vaultAddress} is ${state}, so what the stack has there cannot be taken away`,
      `ameide-secrets unseal --stack ${stack.name}, or ameide-secrets doctor --stack ${stack.name}`,
    );
  }
  const token = await tokenForRun(stack, cluster, options);
  try {
    const engine = await options.openEngine(token.token);
    try {
      const stays = await stayingResources(engine.stack);
      const { changes } = await phases.run(preview ? "preview of the destruction" : "destroy", () =>
        destroyStack(engine.stack, { preview, signal }),
      );
      return { changes, stays, untouched: untouchedBy(stack) };
    } finally {
      await engine.close();
    }
  } finally {
    await token.end();
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
      "the stack local goes with its home",
      "ameide-secrets local down --delete",
    );
  }
  const plan = await loadCloudStack(name, []);
  if (plan.kind === "shared") throw sharedStays();
  const cluster = await openCluster(plan.cluster);
  const forward = await reachVault(plan);
  try {
    const own = ownVaultToken(name, process.env);
    return await destroyChain({
      ...run,
      stack: plan,
      cluster,
      vaultAddress: plan.vault.operatorAddress,
      ...(own === undefined ? {} : { vaultToken: own }),
      openEngine: async (token) => ({
        stack: await openCloudStack(name, plan, {}, token),
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
    "the stack shared is not destroyed: Key Vault, its values and the identity are what every environment lives on",
    "destroy the environments first; then, by hand and knowing that Key Vault keeps its name for 90 days: " +
      "pulumi state unprotect --all --stack shared, pulumi destroy --stack shared",
  );
}

async function tokenForRun(
  { namespace, vault, strictness }: EnvironmentStack,
  cluster: Cluster,
  { vaultAddress: address, vaultToken }: DestroyOptions,
): Promise<{ readonly token: Redacted; end(): Promise<void> }> {
  if (vaultToken !== undefined) return { token: vaultToken, end: () => Promise.resolve() };
  const root = await vaultCredential(cluster, namespace, "root-token");
  const name = destroyerPolicyName;
  const short = await deployerToken({
    address,
    root,
    policy: { name, hcl: deployerPolicy({ ...vault, mayUnmount: !strictness.protect }) },
    writePolicy: true,
  });
  return {
    token: short.token,
    end: async () => {
      await short.revoke();
      await vaultCall(address, root, "DELETE", `/v1/sys/policies/acl/${name}`);
    },
  };
}

function untouchedBy({ namespace, vault, plan, azure, shared }: EnvironmentStack): readonly string[] {
  const namespaces = [...new Set(plan.deliveries.map((delivery) => delivery.namespace))];
  return [
    `Vault's data under ${vault.mount}/, and the Secret ${namespace}/${credentialsSecret} that opens it`,
    `the Secrets that External Secrets made in ${namespaces.join(", ")}`,
    ...(shared === undefined
      ? [
          `Key Vault ${azure.keyVault} with its values, and the identity ${azure.identity}: they are of the stack shared`,
        ]
      : []),
  ];
}
