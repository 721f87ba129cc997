import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import type { AzureIdentity } from "../../bootstrap/azure-errors.ts";
import { Log } from "../../bootstrap/log.ts";
import { runBootstrap } from "../../bootstrap/run.ts";
import { scheduledTiming, type Timing } from "../../bootstrap/timing.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import { bootstrapMemory } from "../../domain/manifests/bootstrap.ts";
import type { AzureStandIn } from "../../stand-ins/azure/stand-in.ts";
import type { LocalHome } from "../../local/home.ts";

export interface RunResult {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
  /** The last line, which every run ends with. */
  readonly summary: Record<string, unknown>;
  /** Standard output and error as they came. */
  readonly text: string;
}

/** What a pod of vault-bootstrap finds around it. */
export interface PodSetup {
  readonly home: LocalHome;
  readonly azure: AzureStandIn;
  readonly clientId: string;
  /** Folder of the mounted files: tokens, CA certificates and configurations. */
  readonly files: string;
  /** Path of the bundle. */
  readonly bundle: string;
}

export interface LaunchOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly result: Promise<RunResult>;
}

/** Starts the bundle as its pod would. */
export function launchBundle(
  place: PodSetup,
  config: BootstrapConfig,
  { args = [], env = {} }: LaunchOptions,
): Launched {
  const { home, azure, clientId, files, bundle } = place;
  const configFile = join(files, `config-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(configFile, JSON.stringify(config));
  const child = spawn(process.execPath, [bundle, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      VAULT_BOOTSTRAP_CONFIG: configFile,
      SERVICE_ACCOUNT_DIR: join(files, "serviceaccount"),
      ...bootstrapMemory,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(home.port("kubernetes")),
      AZURE_CLIENT_ID: clientId,
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: join(files, "azure-identity-token"),
      AZURE_AUTHORITY_HOST: azure.origin,
      NODE_EXTRA_CA_CERTS: join(files, "azure-ca.pem"),
      ...env,
    },
  });
  return { child, result: resultOf(child) };
}

async function resultOf(child: ChildProcess): Promise<RunResult> {
  let out = "";
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    text += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const whole = out.split("\n").slice(0, -1);
  const lines = whole.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, summary: lines.at(-1) ?? {}, text };
}

export interface RunHereOptions {
  readonly timing?: Partial<Timing>;
  readonly signal?: AbortSignal;
  readonly dryRun?: boolean;
  readonly untilUnsealed?: boolean;
  readonly azure?: Partial<AzureIdentity>;
  readonly kubernetesAddress?: string;
  /** Receives each line of its log at once. */
  readonly onLine?: (line: string) => void;
}

/** Waits that are over in a moment. */
const quickTiming: Timing = {
  ...scheduledTiming,
  vaultWaitInMs: 300,
  electionInMs: 100,
  vaultPollInMs: 20,
  retryBaseInMs: 5,
  retryCapInMs: 20,
};

/** The same run inside this process, where its waits can be shortened and its stop chosen. */
export async function runInProcess(
  { home, azure, clientId, files }: PodSetup,
  config: BootstrapConfig,
  options: RunHereOptions,
): Promise<RunResult> {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), azure.caPem]);
  let text = "";
  const code = await runBootstrap({
    invocation: {
      config,
      dryRun: options.dryRun ?? false,
      untilUnsealed: options.untilUnsealed ?? false,
      waitForPropagation: false,
      serviceAccountDir: join(files, "serviceaccount"),
      kubernetesAddress: options.kubernetesAddress ?? home.kubernetesUrl,
      azure: {
        clientId,
        tenantId: azure.tenantId,
        tokenFile: join(files, "azure-identity-token"),
        authorityHost: azure.origin,
        ...options.azure,
      },
    },
    runId: "in-process",
    timing: { ...quickTiming, ...options.timing },
    log: new Log((line) => {
      text += line;
      options.onLine?.(line);
    }, "in-process"),
    signal: options.signal ?? new AbortController().signal,
  });
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, summary: lines.at(-1) ?? {}, text };
}
