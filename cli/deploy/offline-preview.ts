import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import { registerStack } from "../../chain.ts";
import { startProviders, type RunningProviders } from "../../stand-ins/providers/start.ts";
import { inTemporaryFolder } from "../files.ts";
import { previewStack, type RunResult } from "./engine/deploy.ts";
import { openStack, pulumiExecutable } from "./engine/stack.ts";
import { importState, readStateWithoutValues } from "./engine/state.ts";
import type { Finding } from "../../domain/finding.ts";
import { environmentNames } from "../../domain/stage.ts";
import { UserError } from "../../domain/user-error.ts";

/** The client id that an offline plan shows where the shared stack's identity would be asked. */
const unknownClientId = "00000000-0000-0000-0000-000000000000";

export interface OfflinePreview {
  readonly stack: string;
  readonly plan: StackPlan;
  readonly result: RunResult;
}

/** Loads one stack without a cloud, a cluster or credentials; `.env` counts only where it is asked for by name. */
export async function loadOffline(stack: string, envFiles: readonly string[]): Promise<StackPlan> {
  return load({ stack, settings: readStackSettings(stack, repositoryRoot), envFiles, offline: true });
}

/** Plans with the real engine, the whole program and the pack, in a temporary folder. `providers` may still be starting. */
async function previewOffline(options: {
  readonly stack: string;
  readonly plan: StackPlan;
  readonly providers: Promise<RunningProviders>;
  readonly state?: string | undefined;
  readonly signal: AbortSignal;
}): Promise<OfflinePreview> {
  const { stack, plan, providers, signal } = options;
  const state = options.state === undefined ? undefined : readStateWithoutValues(options.state);
  const pulumi = await pulumiExecutable();
  return inTemporaryFolder("offline", async (folder) => {
    const [stateDir, workDir] = [join(folder, "state"), join(folder, "work")];
    for (const made of [stateDir, workDir]) mkdirSync(made, { mode: 0o700 });
    const engine = await openStack({
      stackName: stack,
      program: () => Promise.resolve(registerStack(plan, { shared: { bootstrapClientId: unknownClientId } })),
      workDir,
      stateDir,
      pulumi,
      env: {
        PULUMI_HOME: join(folder, "home"),
        // nobody reads the state again, so its key is kept nowhere
        PULUMI_CONFIG_PASSPHRASE: randomBytes(32).toString("base64url"),
      },
      create: "new",
    });
    if (state !== undefined) await importState(engine, state);
    engine.workspace.envVars["PULUMI_DEBUG_PROVIDERS"] = (await providers).debugProviders;
    return { stack, plan, result: await previewStack(engine, { signal }) };
  });
}

export interface OfflineOutcome {
  readonly previews: readonly OfflinePreview[];
  /** Over all stacks together: whatever refused one, and what no single stack can see. */
  readonly findings: readonly Finding[];
}

/** Plans stacks one after the other, every one by default; the others are planned too if one is refused. */
export async function previewAllOffline(options: {
  readonly stacks?: readonly string[] | undefined;
  readonly state?: string | undefined;
  readonly envFiles: readonly string[];
  readonly signal: AbortSignal;
}): Promise<OfflineOutcome> {
  const { stacks = ["shared", ...environmentNames], envFiles, signal, state } = options;
  const previews: OfflinePreview[] = [];
  const findings: Finding[] = [];
  // a process that takes its time to start: the plan is read and the stack is opened meanwhile
  const providers = startProviders({ mode: "offline" });
  providers.catch(() => undefined);
  try {
    for (const stack of stacks) {
      try {
        const plan = await loadOffline(stack, stack === "local" && envFiles.length === 0 ? [".env.example"] : envFiles);
        previews.push(await previewOffline({ stack, plan, providers, signal, state }));
      } catch (error) {
        if (!(error instanceof UserError) || error.findings.length === 0) throw error;
        findings.push(
          ...error.findings.map((finding) => ({ ...finding, where: `${stack}: ${finding.where ?? finding.subject}` })),
        );
      }
    }
  } finally {
    await (await providers).close();
  }
  return { previews, findings };
}
