import { join } from "node:path";
import { errorsOf, formatFinding } from "../../domain/finding.ts";
import type { EnvironmentStack, StackPlan } from "../../domain/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import type { RegisterOptions } from "../../chain.ts";
import { vaultReader } from "../../diagnose/observe/access.ts";
import { cloudAzure } from "../access/azure.ts";
import { openCluster, type Cluster } from "../access/cluster.ts";
import { openPortForward, type PortForward } from "../access/port-forward.ts";
import { ownVaultAddress, ownVaultToken, vaultState } from "../access/vault.ts";
import type { Phases } from "../phases.ts";
import { previewThenUpdate, runChain, type ChainResult } from "./chain.ts";
import { openCloudEngine } from "./cloud-engine.ts";
import { refuseForeign } from "./ownership/ownership.ts";
import { preflightCluster, refuseDebugProviders } from "./preflight.ts";

export interface CloudOptions {
  /** `shared`, `dev`, `staging` or `prod`. */
  readonly stack: string;
  /** @default - `.env` and `.env.local`, as far as they are there */
  readonly envFiles?: readonly string[];
  readonly until: "preview" | "update";
  readonly phases: Phases;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
  /** See RunOptions of the engine. @default false */
  readonly refresh?: boolean;
  /** See ChainOptions. */
  readonly approved?: string;
}

export interface CloudResult
  extends Partial<Pick<ChainResult, "vaultBefore">>, Pick<ChainResult, "preview" | "update"> {
  readonly plan: StackPlan;
}

/**
 * One stack on its cloud: everything is looked at before the first change, then Vault, preview with the pack, update.
 *
 * @throws UserError with all findings of one pass together.
 */
export async function runCloud(options: CloudOptions): Promise<CloudResult> {
  const { stack: name, phases, signal, until, refresh = false, approved } = options;
  const gate = approved === undefined ? {} : { approved };
  refuseDebugProviders(name);
  if (name === "local") {
    throw UserError.of(
      "local-is-not-a-cloud",
      "the stack local lives on this machine",
      "ameide-secrets local up, or preview --stack local --offline",
    );
  }
  const plan = await phases.run("plan", () => loadCloudStack(name, options.envFiles));
  for (const finding of plan.findings) options.tell(formatFinding(finding));
  if (errorsOf(plan.findings).length > 0) throw UserError.from(errorsOf(plan.findings));

  const policyPacks = [join(repositoryRoot, "policies")];
  const azure = () => cloudAzure(plan.azure);
  const openEngine = (register: RegisterOptions, token?: Redacted) => openCloudEngine(name, plan, register, token);
  if (plan.kind === "shared") {
    const engine = await openEngine({});
    return {
      plan,
      ...(await previewThenUpdate(engine.stack, {
        policyPacks,
        signal,
        phases,
        until,
        refresh,
        inspect: (changes) => refuseForeign(changes, plan, { azure }),
        ...gate,
      })),
    };
  }

  const cluster = await openCluster(plan.cluster);
  await phases.run("preflight", () => preflightCluster(cluster, plan, until === "update"));
  const forward = await reachVault(plan);
  try {
    const token = ownVaultToken(name, process.env);
    return {
      plan,
      ...(await runChain({
        stack: plan,
        cluster,
        vaultAddress: plan.vault.operatorAddress,
        ...(token === undefined ? {} : { vaultToken: token }),
        openEngine,
        policyPacks,
        phases,
        signal,
        until,
        refresh,
        inspect: (changes, vaultToken) =>
          refuseForeign(changes, plan, {
            azure,
            cluster,
            ...(vaultToken === undefined ? {} : { vault: vaultReader(plan.vault.operatorAddress, vaultToken) }),
          }),
        ...gate,
      })),
    };
  } finally {
    await forward?.close();
  }
}

/** Settings of the stack's file; Vault's address from the person's own session where the file leaves it out. */
export async function loadCloudStack(stack: string, envFiles?: readonly string[]): Promise<StackPlan> {
  const vaultAddress = ownVaultAddress(process.env);
  return load({
    stack,
    settings: readStackSettings(stack, repositoryRoot),
    ...(envFiles === undefined ? {} : { envFiles }),
    ...(vaultAddress === undefined ? {} : { vaultAddress }),
  });
}

/** The cluster of an environment's stack. @throws UserError for `shared`, which has none. */
export async function clusterOf(
  plan: StackPlan,
): Promise<{ readonly stack: EnvironmentStack; readonly cluster: Cluster }> {
  if (plan.kind === "shared") {
    throw UserError.of(
      "shared-has-no-cluster",
      "the stack shared has no cluster",
      "give --stack dev, staging, prod or local",
    );
  }
  return { stack: plan, cluster: await openCluster(plan.cluster) };
}

/**
 * A port-forward to Vault's first pod, where its operator address is a loopback one at which nothing answers yet.
 *
 * @returns what is to be closed at the end; `undefined` where Vault is reached without.
 */
export async function reachVault(stack: EnvironmentStack): Promise<PortForward | undefined> {
  const address = new URL(stack.vault.operatorAddress);
  if (!["127.0.0.1", "localhost"].includes(address.hostname)) return undefined;
  if ((await vaultState(stack.vault.operatorAddress)) !== "unreachable") return undefined;
  return forwardToVault(stack, Number(address.port || "8200"));
}

/** A port-forward to Vault's first pod. @param localPort - `0` takes any that is free. */
export function forwardToVault({ vault, cluster }: EnvironmentStack, localPort: number): Promise<PortForward> {
  return openPortForward({
    ...cluster,
    namespace: vault.serviceAccount.namespace,
    pod: `${vault.serviceAccount.name}-0`,
    podPort: 8200,
    localPort,
  });
}
