import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { EnvironmentStack } from "../../domain/environment.ts";
import { deployerPolicy, deployerPolicyName } from "../../domain/vault-policies.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { registerStack, type RegisterOptions } from "../../index.ts";
import type { LocalHome } from "../../local/home.ts";
import { startProviders } from "../../local/providers/start.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";
import { openCluster, type Cluster } from "../access/cluster.ts";
import { deployerToken, type VaultState } from "../access/vault.ts";
import { previewStack, updateStack, type RunResult } from "../engine/deploy.ts";
import { openStack } from "../engine/stack.ts";
import type { Phases } from "../phases.ts";
import { ensureVaultActive } from "./first-step.ts";
import { loadLocalStack } from "./local-stack.ts";
import { vaultCredential } from "./vault-credentials.ts";

/** Above this many resources the file backend's checkpoints take longer than everything else together. */
const checkpointsUpTo = 200;

export interface LocalChainOptions {
  readonly home: LocalHome;
  readonly binaries: Binaries;
  readonly envFiles: readonly string[];
  readonly phases: Phases;
  readonly signal: AbortSignal;
}

export interface LocalChainResult {
  readonly stack: EnvironmentStack;
  readonly cluster: Cluster;
  /** What Vault was when the run began. */
  readonly vaultBefore: VaultState;
  readonly preview: RunResult;
  /** Left out where the preview had nothing to change. */
  readonly update?: RunResult;
}

/** Runs the program on the servers of a home, which are up: Vault first, then preview with the pack, then the update. */
export async function runLocalChain(options: LocalChainOptions): Promise<LocalChainResult> {
  const { home, phases, signal } = options;
  const stack = await phases.run(
    "plan",
    () => loadLocalStack(home, options.envFiles),
    ({ plan }) =>
      `${plan.secrets.length} secrets, ${plan.deliveries.length} deliveries in ${plan.stores.length} namespaces`,
  );
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: stack.cluster.context });
  const run = { policyPacks: [join(repositoryRoot, "policies")], signal };

  const vaultBefore = await phases.run(
    "Vault",
    (tell) =>
      withEngine(options, stack, undefined, { firstStep: true }, (bootstrapOnly) =>
        ensureVaultActive({
          address: stack.vault.operatorAddress,
          cluster,
          namespace: stack.namespace,
          cronJob: stack.bootstrap.name,
          bootstrapOnly,
          run,
          tell,
        }),
      ),
    (state) => (state === "active" ? "active" : `was ${state}, is active`),
  );

  const short = await deployerToken({
    address: stack.vault.operatorAddress,
    root: await vaultCredential(cluster, stack.namespace, "root-token"),
    policy: { name: deployerPolicyName, hcl: deployerPolicy({ ...stack.vault, mayUnmount: true }) },
  });
  try {
    return await withEngine(options, stack, short.token.reveal(), {}, async (open) => {
      const engine = await open();
      const preview = await phases.run("preview with the policy pack", () => previewStack(engine, run), told);
      const base = { stack, cluster, vaultBefore, preview };
      if (preview.changes.length === 0) return base;
      return { ...base, update: await phases.run("update", () => updateStack(engine, run), told) };
    });
  } finally {
    await short.revoke();
  }
}

function told({ changes }: RunResult): string {
  if (changes.length === 0) return "nothing to change";
  const count = new Map<string, number>();
  for (const { operation } of changes) count.set(operation, (count.get(operation) ?? 0) + 1);
  return [...count].map(([operation, n]) => `${n} to ${operation}`).join(", ");
}

/** The engine with its loopback providers, which live exactly as long as `work`. The stack is opened on demand. */
async function withEngine<T>(
  { home, binaries }: LocalChainOptions,
  stack: EnvironmentStack,
  vaultToken: string | undefined,
  register: RegisterOptions,
  work: (open: () => Promise<Stack>) => Promise<T>,
): Promise<T> {
  let providers: Awaited<ReturnType<typeof startProviders>> | undefined;
  const open = async () => {
    providers = await startProviders({
      mode: "live",
      kubeconfigPath: home.kubeconfig,
      vaultAddress: stack.vault.operatorAddress,
      ...(vaultToken === undefined ? {} : { vaultToken }),
      azure: {
        endpoint: home.azureUrl,
        caPem: readFileSync(home.azure.caCertificate, "utf8"),
        operatorToken: readFileSync(home.azure.operatorToken, "utf8").trim(),
      },
    });
    return openStack({
      stackName: "local",
      program: () => Promise.resolve(registerStack(stack, register)),
      ...engineSetup(home, binaries, {
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        ...(vaultToken === undefined ? {} : { VAULT_TOKEN: vaultToken }),
        ...(resourcesOf(stack) > checkpointsUpTo
          ? { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "true" }
          : {}),
      }),
    });
  };
  try {
    return await work(open);
  } finally {
    await providers?.close();
  }
}

/** What the engine of the local environment runs with: its file backend and passphrase lie in the home. */
export function engineSetup(home: LocalHome, binaries: Binaries, env: Readonly<Record<string, string>>) {
  const workDir = join(home.pulumi.dir, "work");
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  if (!existsSync(home.pulumi.passphraseFile)) {
    writeFileSync(home.pulumi.passphraseFile, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }
  return {
    workDir,
    project: {
      name: "ameide-secrets",
      runtime: "nodejs" as const,
      backend: { url: `file://${home.pulumi.stateDir}` },
    },
    pulumi: binaries.pulumi,
    binDirs: [join(repositoryRoot, "local", "pulumi-shims")],
    env: {
      PULUMI_HOME: home.pulumi.homeDir,
      PULUMI_CONFIG_PASSPHRASE_FILE: home.pulumi.passphraseFile,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      AMEIDE_SECRETS_NODE: process.execPath,
      ...env,
    },
  };
}

/** A rough count from the plan: what decides is its order of magnitude. */
function resourcesOf({ plan }: EnvironmentStack): number {
  return plan.secrets.length + plan.deliveries.length + 5 * plan.stores.length + 25;
}
