import { join } from "node:path";
import { errorsOf, formatFinding } from "../../domain/finding.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { repositoryRoot } from "../../environments/index.ts";
import type { RegisterOptions } from "../../chain.ts";
import { vaultReader } from "../../diagnose/observe/access.ts";
import { signedInAzure } from "../../clients/azure.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import { reachVault } from "../access/vault-way.ts";
import { ownVaultToken } from "../access/vault.ts";
import type { Phases } from "../phases.ts";
import { previewThenUpdate, runChain, type ChainResult } from "./chain.ts";
import { openCloudEngine, requireStrongState } from "./cloud-engine.ts";
import { orphanedAssignments } from "./ownership/azure-objects.ts";
import { isGitops } from "./ownership/kubernetes-objects.ts";
import { refuseForeign } from "./ownership/ownership.ts";
import { preflightCluster, refuseDebugProviders } from "./preflight.ts";
import { judgeRendered } from "./rendered.ts";
import { lacksSharedStack } from "./shared-output.ts";

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
      "the stack local runs on this machine",
      "ameide-secrets local up, or preview --stack local --offline",
    );
  }
  const plan = await phases.run("plan", () => loadCloudStack(name, options.envFiles));
  for (const finding of plan.findings) options.tell(formatFinding(finding));
  const refused = [...errorsOf(plan.findings), ...(isGitops(plan) ? judgeRendered(plan) : [])];
  if (refused.length > 0) throw UserError.from(refused);

  const policyPacks = [join(repositoryRoot, "policies")];
  const azure = () => signedInAzure(plan.azure);
  // before the cluster and Vault are looked at, or changed by the first step
  await requireStrongState(name);
  const create = until === "update";
  const openEngine = (register: RegisterOptions, vaultToken?: Redacted) =>
    openCloudEngine(name, plan, { register, vaultToken, create });
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
        inspect: async (changes) => {
          await refuseForeign(changes, plan, { azure });
          for (const note of await orphanedAssignments(plan.azure, azure)) options.tell(formatFinding(note));
        },
        ...gate,
      })),
    };
  }

  const cluster = await openCluster(plan.cluster);
  await phases.run("preflight", () => preflightCluster(cluster, plan, until === "update", [lacksSharedStack()]));
  const forward = await reachVault(plan, cluster);
  try {
    const token = ownVaultToken(name, process.env);
    return {
      plan,
      ...(await runChain({
        stack: plan,
        cluster,
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
            ...(vaultToken === undefined ? {} : { vault: vaultReader(operatorTarget(plan.vault), vaultToken) }),
          }),
        ...gate,
      })),
    };
  } finally {
    await forward?.close();
  }
}
