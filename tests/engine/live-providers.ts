import { readFileSync } from "node:fs";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { LocalHome } from "../../local/home.ts";
import type { ProvidersConfig } from "../../stand-ins/providers/config.ts";
import { stepsOf } from "../support/engine.ts";

/** What the loopback providers are told about a test's servers. */
export function liveProviders(home: LocalHome, vaultToken?: string): ProvidersConfig {
  return {
    mode: "live",
    kubeconfigPath: home.kubeconfig,
    vaultAddress: home.vaultUrl,
    ...(vaultToken === undefined ? {} : { vaultToken }),
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
