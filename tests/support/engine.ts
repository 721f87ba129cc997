import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent, Stack, Workspace } from "@pulumi/pulumi/automation/index.js";
import { pulumiExecutable, openStack } from "../../cli/deploy/engine/stack.ts";
import { linkPlugin } from "../../cli/access/plugins.ts";
import type { ProvidersConfig } from "../../stand-ins/providers/config.ts";
import { startProviders } from "../../stand-ins/providers/start.ts";
import { testBinaries } from "./servers.ts";

/** Configuration of the stand-ins; or providers that run already. */
export type TestProviders = ProvidersConfig | { readonly debugProviders: string; close(): unknown };

export type Program = () => Promise<Record<string, unknown> | void>;

/** One stack on a file backend of its own, in a folder that goes when the suite ends. */
export interface TestEngine {
  readonly folder: string;
  /** The same stack each time, with another program. */
  open(program: Program): Promise<Stack>;
}

/**
 * The real Pulumi engine for a suite: with the real Kubernetes provider and stand-ins of the others, or offline with stand-ins
 * only. Call it in a `describe`; what it returns opens the stack
 * once the suite runs.
 *
 * @param providers - asked for once the suite runs, so that it may name servers that a `before` started.
 */
export function useEngine(
  stackName: string,
  providers: () => TestProviders | Promise<TestProviders> = () => ({ mode: "offline" }),
): TestEngine {
  let engine: RunningEngine | undefined;

  before(async function () {
    this.timeout(30_000);
    engine = await startEngine(stackName, await providers());
  });

  after(() => engine?.close());

  const started = (): RunningEngine => {
    if (engine === undefined) throw new Error("the engine is there from `before` on");
    return engine;
  };
  return {
    get folder() {
      return started().folder;
    },
    open: (program) => started().open(program),
  };
}

export interface RunningEngine extends TestEngine {
  /** Ends the providers and removes the folder. */
  close(): Promise<void>;
}

export interface RunningStacks extends Omit<RunningEngine, "open"> {
  open(stackName: string, program: Program): Promise<Stack>;
}

/** The engine of {@link useEngine}, for whoever ends it himself. */
export async function startEngine(stackName: string, providers: TestProviders): Promise<RunningEngine> {
  const stacks = await startStacks(providers);
  return { ...stacks, open: (program) => stacks.open(stackName, program) };
}

/** The same for several stacks on one backend. */
export async function startStacks(providers: TestProviders): Promise<RunningStacks> {
  const folder = mkdtempSync(join(tmpdir(), "ameide-secrets-engine-"));
  for (const name of ["state", "work"]) mkdirSync(join(folder, name), { mode: 0o700 });
  if ("mode" in providers && providers.mode === "live") {
    linkPlugin(engineEnvironment(folder).PULUMI_HOME, "kubernetes", (await testBinaries()).kubernetesProvider);
  }
  const opened = new Map<string, Stack>();
  const running = "debugProviders" in providers ? providers : await startProviders(providers);
  return {
    folder,
    open: async (stackName, program) => {
      const first = opened.get(stackName);
      if (first !== undefined) return withProgram(first, program);
      const stack = await openStack({
        stackName,
        program,
        workDir: join(folder, "work"),
        stateDir: join(folder, "state"),
        pulumi: await pulumiExecutable(),
        env: { ...engineEnvironment(folder), PULUMI_DEBUG_PROVIDERS: running.debugProviders },
      });
      opened.set(stackName, stack);
      return stack;
    },
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same stack with another program: selecting a stack takes a process of the engine. */
function withProgram(stack: Stack, program: Program): Stack {
  const workspace = Object.assign(Object.create(stack.workspace) as Workspace, { program });
  return Object.assign(Object.create(stack) as Stack, { workspace });
}

/** What every engine of a test runs with, in addition to its providers. */
export function engineEnvironment(folder: string) {
  return {
    PULUMI_HOME: join(folder, "home"),
    PULUMI_CONFIG_PASSPHRASE: "test",
    KUBECONFIG: join(folder, "none"),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    AMEIDE_SECRETS_NODE: process.execPath,
  };
}

/** What one run of the engine did or would do: `operation type name`, without what stays the same. */
export function stepsOf(events: readonly EngineEvent[]): string[] {
  return events
    .flatMap(({ resourcePreEvent }) => (resourcePreEvent === undefined ? [] : [resourcePreEvent.metadata]))
    .filter(({ op, type }) => op !== "same" && type !== "pulumi:pulumi:Stack")
    .map(({ op, type, urn }) => `${op} ${type} ${urn.split("::").at(-1)}`);
}
