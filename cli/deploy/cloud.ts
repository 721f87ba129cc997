import { formatFinding } from "../../domain/finding.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { throwErrors, UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import type { RegisterOptions } from "../../chain.ts";
import { vaultReader } from "../../diagnose/observe/access.ts";
import { signedInAzure } from "../../clients/azure.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import { reachVault } from "../access/vault-way.ts";
import { ownVaultToken } from "../access/vault.ts";
import { previewThenUpdate, runChain, type ChainOptions, type ChainResult } from "./chain.ts";
import { openCloudStack, refuseDebugProviders, requireStrongState } from "./cloud-engine.ts";
import type { Change } from "./engine/change.ts";
import { readFittingState } from "./engine/state.ts";
import { orphanedAssignments } from "./ownership/azure-objects.ts";
import { isGitops } from "./ownership/kubernetes-objects.ts";
import { refuseForeign } from "./ownership/ownership.ts";
import { judgeRendered, preflightCluster } from "./preflight.ts";
import { lacksSharedStack } from "./shared-output.ts";

export interface CloudOptions extends Pick<ChainOptions, "until" | "phases" | "signal" | "refresh" | "approved"> {
  /** `shared`, `dev`, `staging` or `prod`. */
  readonly stack: string;
  /** @default - `.env` and `.env.local`, as far as they exist */
  readonly envFiles?: readonly string[] | undefined;
  readonly tell: (text: string) => void;
}

export interface CloudResult
  extends Partial<Pick<ChainResult, "vaultBefore">>, Pick<ChainResult, "preview" | "update"> {
  readonly plan: StackPlan;
}

/** Every check before the first change, then Vault, preview, update. @throws UserError with all findings of one pass. */
export async function runCloud({ stack: name, envFiles, tell, ...run }: CloudOptions): Promise<CloudResult> {
  refuseDebugProviders(name);
  if (name === "local") {
    throw UserError.of(
      "local-is-not-a-cloud",
      "the stack local runs on this machine",
      "ameide-secrets local up, or preview --stack local --offline",
    );
  }
  const plan = await run.phases.run("plan", () => loadCloudStack(name, envFiles));
  for (const finding of plan.findings) tell(formatFinding(finding));
  throwErrors([...plan.findings, ...(isGitops(plan) ? judgeRendered(plan) : [])]);

  const azure = () => signedInAzure(plan.azure);
  // before the cluster and Vault are read, or changed by the first step
  await requireStrongState(name);
  const create = run.until === "update";
  const openEngine = async (register: RegisterOptions, vaultToken?: Redacted) => {
    const stack = await openCloudStack(name, plan, { register, vaultToken, create });
    return { stack, resources: await readFittingState(stack, plan) };
  };
  if (plan.kind === "shared") {
    const inspect = async (changes: readonly Change[]) => {
      await refuseForeign(changes, plan, { azure });
      for (const note of await orphanedAssignments(plan.azure, azure)) tell(formatFinding(note));
    };
    const { stack } = await openEngine({});
    return { plan, ...(await previewThenUpdate(stack, { ...run, inspect })) };
  }

  const cluster = await openCluster(plan.cluster);
  await run.phases.run("preflight", () => preflightCluster(cluster, plan, create, [lacksSharedStack()]));
  const forward = await reachVault(plan, cluster);
  const inspect = (changes: readonly Change[], token?: Redacted) => {
    const vault = token && vaultReader(operatorTarget(plan.vault), token);
    return refuseForeign(changes, plan, { azure, cluster, vault });
  };
  const vaultToken = ownVaultToken(name, process.env);
  try {
    return { plan, ...(await runChain({ ...run, stack: plan, cluster, vaultToken, openEngine, inspect })) };
  } finally {
    await forward?.close();
  }
}
