import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { pulumiExecutable } from "../../cli/deploy/pulumi-executable.ts";
import { openStack } from "../../cli/engine/stack.ts";
import { repositoryRoot } from "../../environments/index.ts";
import type { Sample } from "../../policies/examples/example.ts";
import { startEchoProviders, type EchoProviders } from "./echo-providers.ts";
import { engineEnvironment } from "./engine.ts";

/** One verdict of the pack, as the engine tells it. */
export interface Told {
  readonly rule: string;
  /** Logical name of the resource. */
  readonly resource: string;
  readonly level: string;
  readonly message: string;
}

export interface Ran {
  /** Whether the engine let it through. */
  readonly passed: boolean;
  readonly told: readonly Told[];
}

export interface PolicyEngine {
  preview(stackName: string, program: () => Promise<void>): Promise<Ran>;
  /** @returns the state file's text as well, as it lies on disk. */
  update(stackName: string, program: () => Promise<void>): Promise<Ran & { readonly state: string }>;
}

/** The real engine with the pack of this repository; its providers take any resource. Call it in a `describe`. */
export function usePolicyEngine(policyPack = join(repositoryRoot, "policies")): PolicyEngine {
  let providers: EchoProviders | undefined;
  let folder = "";

  before(async function () {
    this.timeout(30_000);
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-policies-"));
    for (const name of ["state", "work"]) mkdirSync(join(folder, name), { mode: 0o700 });
    providers = await startEchoProviders(["kubernetes", "vault", "azure-native"]);
  });
  after(() => {
    providers?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (stackName: string, program: () => Promise<void>): Promise<Stack> =>
    openStack({
      stackName,
      program,
      workDir: join(folder, "work"),
      project: { name: "ameide-secrets", runtime: "nodejs", backend: { url: `file://${join(folder, "state")}` } },
      pulumi: await pulumiExecutable(),
      binDirs: [join(repositoryRoot, "local", "pulumi-shims")],
      env: { ...engineEnvironment(folder), PULUMI_DEBUG_PROVIDERS: providers?.debugProviders ?? "" },
    });

  const run = async (act: (onEvent: (event: EngineEvent) => void) => Promise<unknown>): Promise<Ran> => {
    const told: Told[] = [];
    const onEvent = ({ policyEvent }: EngineEvent): void => {
      if (policyEvent === undefined) return;
      const { policyName: rule, resourceUrn = "", enforcementLevel: level, message } = policyEvent;
      told.push({
        rule,
        resource: resourceUrn.slice(resourceUrn.lastIndexOf("::") + 2),
        level,
        message: plain(message),
      });
    };
    try {
      await act(onEvent);
      return { passed: true, told };
    } catch (error) {
      if (told.length === 0) throw error;
      return { passed: false, told };
    }
  };

  const options = { policyPacks: [policyPack], color: "never" as const, suppressProgress: true };
  return {
    async preview(stackName, program) {
      const stack = await open(stackName, program);
      return run((onEvent) => stack.preview({ ...options, onEvent }));
    },
    async update(stackName, program) {
      const stack = await open(stackName, program);
      const ran = await run((onEvent) => stack.up({ ...options, onEvent }));
      // the file itself: an export decrypts what it shows
      const state = readFileSync(
        join(folder, "state", ".pulumi", "stacks", "ameide-secrets", `${stackName}.json`),
        "utf8",
      );
      return { ...ran, state };
    },
  };
}

/** The engine marks colours as `<{%red%}>`. */
function plain(message: string): string {
  return message.replaceAll(/<\{%.*?%\}>/g, "").trim();
}

/** Declares a sample as a resource of the running program. */
export function declare(name: string, sample: Sample, opts: pulumi.CustomResourceOptions = {}): pulumi.Resource {
  if (!("type" in sample)) throw new Error(`"${name}" is a document, no resource`);
  const { type, props, protect = false } = sample;
  const provider = /^pulumi:providers:(.+)$/.exec(type)?.[1];
  if (provider !== undefined) return new AnyProvider(provider, name, props);
  return new AnyResource(type, name, props, { protect, ...opts });
}

class AnyResource extends pulumi.CustomResource {
  constructor(
    type: string,
    name: string,
    props: Readonly<Record<string, unknown>>,
    opts: pulumi.CustomResourceOptions,
  ) {
    super(type, name, { ...props }, opts);
  }
}

class AnyProvider extends pulumi.ProviderResource {
  constructor(provider: string, name: string, props: Readonly<Record<string, unknown>>) {
    super(provider, name, { ...props });
  }
}
