import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import { registerStack } from "../../chain.ts";
import { startProviders } from "../../stand-ins/providers/start.ts";
import { previewStack, type RunResult } from "./engine/deploy.ts";
import { openStack } from "./engine/stack.ts";
import { pulumiExecutable } from "./pulumi-executable.ts";

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

/**
 * Plans one stack with the real engine, the whole program and the pack, and nothing else: no Azure, no Vault, no
 * cluster. Everything that it writes lies in a folder of its own, which is gone afterwards.
 *
 * @param options.state - an exported state to plan against. @default - an empty stack
 * @throws UserError as {@link previewStack} does; when the state cannot be read.
 */
export async function previewOffline(options: {
  readonly stack: string;
  readonly plan: StackPlan;
  readonly state?: string;
  readonly signal: AbortSignal;
}): Promise<OfflinePreview> {
  const { stack, plan, signal } = options;
  const pulumi = await pulumiExecutable();
  const folder = mkdtempSync(join(tmpdir(), "ameide-secrets-offline-"));
  const providers = await startProviders({ mode: "offline" });
  try {
    const stateDir = join(folder, "state");
    const workDir = join(folder, "work");
    for (const made of [stateDir, workDir]) mkdirSync(made, { mode: 0o700 });
    const engine = await openStack({
      stackName: stack,
      program: () => Promise.resolve(registerStack(plan, { shared: { bootstrapClientId: unknownClientId } })),
      workDir,
      project: { name: "ameide-secrets", runtime: "nodejs", backend: { url: `file://${stateDir}` } },
      pulumi,
      binDirs: [join(repositoryRoot, "local", "pulumi-shims")],
      env: {
        PULUMI_HOME: join(folder, "home"),
        // nothing secret is ever in this state: it lives in a folder that is deleted with it
        PULUMI_CONFIG_PASSPHRASE: "offline",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        AMEIDE_SECRETS_NODE: process.execPath,
      },
    });
    if (options.state !== undefined) await engine.importStack(readState(options.state));
    const result = await previewStack(engine, { policyPacks: [join(repositoryRoot, "policies")], signal });
    return { stack, plan, result };
  } finally {
    await providers.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readState(file: string) {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { version: number; deployment: Record<string, unknown> };
  } catch (error) {
    throw UserError.of(
      "state-unreadable",
      `the state ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "export one with: pulumi stack export --stack <name> --file state.json",
      { cause: error },
    );
  }
}
