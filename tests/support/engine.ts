import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { pulumiExecutable } from "../../cli/deploy/pulumi-executable.ts";
import { openStack } from "../../cli/engine/stack.ts";
import { repositoryRoot } from "../../environments/index.ts";
import type { ProvidersConfig } from "../../local/providers/config.ts";
import { startProviders, type RunningProviders } from "../../local/providers/start.ts";

export type Program = () => Promise<Record<string, unknown> | void>;

/** One stack on a file backend of its own, in a folder that goes when the suite ends. */
export interface TestEngine {
  readonly folder: string;
  /** The same stack each time, with another program. */
  open(program: Program): Promise<Stack>;
}

/**
 * The real Pulumi engine with loopback providers, for a suite. Call it in a `describe`; what it returns opens the stack
 * once the suite runs.
 *
 * @param providers - asked for once the suite runs, so that it may name servers that a `before` started.
 */
export function useEngine(
  stackName: string,
  providers: () => ProvidersConfig | Promise<ProvidersConfig> = () => ({ mode: "offline" }),
): TestEngine {
  let running: RunningProviders | undefined;
  let folder: string | undefined;

  before(async function () {
    this.timeout(30_000);
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-engine-"));
    for (const name of ["state", "work"]) mkdirSync(join(folder, name), { mode: 0o700 });
    running = await startProviders(await providers());
  });

  after(async () => {
    await running?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const made = () => {
    if (folder === undefined || running === undefined) throw new Error("the engine is there from `before` on");
    return { folder, running };
  };
  return {
    get folder() {
      return made().folder;
    },
    open: async (program) =>
      openStack({
        stackName,
        program,
        workDir: join(made().folder, "work"),
        project: {
          name: "ameide-secrets",
          runtime: "nodejs",
          backend: { url: `file://${join(made().folder, "state")}` },
        },
        pulumi: await pulumiExecutable(),
        binDirs: [join(repositoryRoot, "local", "pulumi-shims")],
        env: { ...engineEnvironment(made().folder), PULUMI_DEBUG_PROVIDERS: made().running.debugProviders },
      }),
  };
}

/** What every engine of a test runs with, beside its providers. */
export function engineEnvironment(folder: string): Record<string, string> {
  return {
    PULUMI_HOME: join(folder, "home"),
    PULUMI_CONFIG_PASSPHRASE: "test",
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
