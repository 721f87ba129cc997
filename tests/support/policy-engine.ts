import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { repositoryRoot } from "../../environments/index.ts";
import type { Sample } from "../policies/examples/example.ts";
import { startEchoProviders } from "./echo-providers.ts";
import { startStacks } from "./engine.ts";

/** One verdict of the pack, as the engine reports it. */
export interface Told {
  readonly rule: string;
  /** Logical name of the resource. */
  readonly resource: string;
  readonly urn: string;
  readonly level: string;
  readonly message: string;
}

export interface Ran {
  /** Whether the engine let it through. */
  readonly passed: boolean;
  readonly reported: readonly Told[];
}

export interface PolicyEngine {
  preview(stackName: string, program: () => Promise<void>, policyPacks?: readonly string[]): Promise<Ran>;
  /** @returns the text of the state file on disk, too. */
  update(stackName: string, program: () => Promise<void>): Promise<Ran & { readonly state: string }>;
}

interface RunningPolicyEngine extends PolicyEngine {
  close(): Promise<void>;
}

export const ownPack = join(repositoryRoot, "policies");

/**
 * The real engine with the pack of this repository; its providers take any resource. Call it in a `describe`.
 *
 * @param packages - packages of other resources that the programs declare, in addition to this program's own providers.
 */
export function usePolicyEngine(packages: readonly string[] = []): PolicyEngine {
  let started: RunningPolicyEngine | undefined;
  before(async function () {
    this.timeout(30_000);
    started = await startPolicyEngine(packages);
  });
  after(() => started?.close());

  const engine = (): PolicyEngine => {
    if (started === undefined) throw new Error("the engine is there from `before` on");
    return started;
  };
  return {
    preview: (...args) => engine().preview(...args),
    update: (...args) => engine().update(...args),
  };
}

/** The same for a bench; `close` it. */
export async function startPolicyEngine(packages: readonly string[] = []): Promise<RunningPolicyEngine> {
  const own = ["kubernetes", "vault", "azure-native"];
  const stacks = await startStacks(await startEchoProviders([...new Set([...own, ...packages])]));
  const options = { color: "never" as const, suppressProgress: true };

  return {
    async preview(stackName, program, policyPacks = [ownPack]) {
      const stack = await stacks.open(stackName, program);
      return listening((onEvent) => stack.preview({ ...options, policyPacks: [...policyPacks], onEvent }));
    },
    async update(stackName, program) {
      const stack = await stacks.open(stackName, program);
      const ran = await listening((onEvent) => stack.up({ ...options, policyPacks: [ownPack], onEvent }));
      // the file itself: an export decrypts what it shows
      const file = join(stacks.folder, "state", ".pulumi", "stacks", "ameide-secrets", `${stackName}.json`);
      return { ...ran, state: readFileSync(file, "utf8") };
    },
    close: () => stacks.close(),
  };
}

async function listening(act: (onEvent: (event: EngineEvent) => void) => Promise<unknown>): Promise<Ran> {
  const reported: Told[] = [];
  const onEvent = ({ policyEvent }: EngineEvent): void => {
    if (policyEvent === undefined) return;
    const { policyName: rule, resourceUrn = "", enforcementLevel: level, message } = policyEvent;
    reported.push({
      rule,
      urn: resourceUrn,
      resource: resourceUrn.slice(resourceUrn.lastIndexOf("::") + 2),
      level,
      message: plain(message),
    });
  };
  try {
    await act(onEvent);
    return { passed: true, reported };
  } catch (error) {
    if (reported.length === 0) throw error;
    return { passed: false, reported };
  }
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
