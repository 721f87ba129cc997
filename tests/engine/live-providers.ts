import { readFileSync } from "node:fs";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { runtime } from "@pulumi/pulumi";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { LocalHome } from "../../local/home.ts";
import type { ProvidersConfig } from "../../stand-ins/providers/config.ts";
import { stepsOf, type Program } from "../support/engine.ts";

/** Configuration of the providers that are stand-ins, for a test's servers. */
export function liveProviders(home: LocalHome, vaultToken?: string): ProvidersConfig {
  return {
    mode: "live",
    journalPath: home.pulumi.journalFile,
    vault: { address: home.vaultUrl, ...(vaultToken !== undefined && { token: vaultToken }) },
    azure: {
      endpoint: home.azureUrl,
      // read here only where the stand-ins run
      caPem: readOr(home.azure.caCertificate, "none"),
      operatorToken: readOr(home.azure.operatorToken, "none"),
    },
  };
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return otherwise;
  }
}

/** The program with one explicit provider for its Kubernetes objects, as the real program has it. */
export function onCluster({ kubeconfig }: LocalHome, program: Program): Program {
  return () => {
    const provider = new Provider("cluster", { kubeconfig, enableServerSideApply: true, upsertExistingObjects: true });
    runtime.registerStackTransformation(({ type, props, opts }) =>
      type.startsWith("kubernetes:") ? { props, opts: { ...opts, provider } } : undefined,
    );
    return program();
  };
}

/** Runs an update and answers its steps, providers aside. */
export async function up(stack: Stack): Promise<string[]> {
  const events: EngineEvent[] = [];
  await stack.up({ onEvent: (event) => events.push(event) });
  return resourceSteps(events);
}

/** Plans an update and answers its steps, providers aside. */
export async function preview(stack: Stack): Promise<string[]> {
  const events: EngineEvent[] = [];
  await stack.preview({ onEvent: (event) => events.push(event) });
  return resourceSteps(events);
}

function resourceSteps(events: readonly EngineEvent[]): string[] {
  return stepsOf(events).filter((step) => !step.includes(" pulumi:providers:"));
}
