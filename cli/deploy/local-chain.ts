import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import { credentialsSecret } from "../../domain/names.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import type { LocalHome } from "../../local/home.ts";
import { startProviders } from "../../stand-ins/providers/start.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { openStack, type OpenEngine } from "./engine/stack.ts";
import { requireFittingState } from "./engine/state.ts";
import { refuseForeign, type OwnershipAccess } from "./ownership/ownership.ts";
import { runChain, type ChainOptions, type ChainResult } from "./chain.ts";
import { readBootstrapStatus } from "../access/bootstrap-job.ts";
import { linkPlugin } from "../access/plugins.ts";
import { vaultCredentials } from "../access/root-token.ts";
import { localArm, loadLocalStack, localAzureAccount } from "../access/local-stack.ts";
import { applyCrds } from "../../local/servers/cluster-objects.ts";
import { startServers } from "../../local/servers/start.ts";
import { stopServers } from "../../local/servers/stop.ts";
import { hasVaultObjects, pruneUpdateHistory, requireSpace, restoreState } from "../../local/pulumi-state.ts";
import { ensureToolchain, formatToolchainProgress } from "../../local/toolchain/ensure.ts";

/** Installs the toolchain and starts every server of the home that does not run. */
export async function startLocal({
  home,
  phases,
  signal,
}: Pick<LocalChainOptions, "home" | "phases" | "signal">): Promise<Binaries> {
  requireSpace(home);
  const binaries = await phases.run("toolchain", (tell) =>
    ensureToolchain({
      signal,
      onProgress: (progress) => {
        // a long build reports four times a minute
        if (progress.phase !== "working" || progress.elapsedInSeconds % 15 === 0)
          tell(formatToolchainProgress(progress));
      },
    }),
  );
  await phases.run(
    "servers",
    async (tell) => {
      const started = await startServers(home, binaries, { onProgress: tell, signal, azure: localAzureAccount() });
      await applyCrds(home, binaries);
      return started;
    },
    (started) => (started.length === 0 ? "all were running" : `started ${started.join(", ")}`),
  );
  return binaries;
}

export interface LocalChainOptions extends Pick<ChainOptions, "phases" | "signal" | "refresh"> {
  readonly home: LocalHome;
  readonly binaries: Binaries;
  readonly envFiles: readonly string[];
  /** Executable of the real provider `vault`. @default - the stand-in */
  readonly vaultPlugin?: string | undefined;
  /** @default - `local` as its stack file and `.env` define it */
  readonly stack?: EnvironmentStack;
  /** Where an update checks for objects of other owners, in addition to the cluster. @default - nowhere */
  readonly ownership?: (vaultToken: Redacted | undefined) => OwnershipAccess;
}

/** Runs the program on the servers of a home, which are up. */
export async function runLocalChain(
  options: LocalChainOptions,
): Promise<ChainResult & { readonly stack: EnvironmentStack; readonly cluster: Cluster }> {
  const { home, envFiles, phases, signal, refresh, ownership } = options;
  const restored = restoreState(home);
  if (restored !== undefined) {
    const where = restored === "none" ? "no complete copy exists, so it starts again" : `restored from ${restored}`;
    await phases.run("state of Pulumi", () => Promise.resolve(), () => `was cut off in the middle of a write; ${where}`); // prettier-ignore
  }
  const stack = await phases.run(
    "plan",
    async () => options.stack ?? (await loadLocalStack(home, envFiles)),
    ({ plan }) =>
      `${plan.secrets.length} secrets, ${plan.deliveries.length} deliveries in ${plan.stores.length} namespaces`,
  );
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: stack.cluster.context });
  const result = await runChain({
    stack,
    cluster,
    phases,
    signal,
    refresh,
    until: "update",
    openEngine: (register, token) => openLocalEngine(options, stack, register, token),
    inspect: (changes, token) => refuseForeign(changes, stack, { ...ownership?.(token), cluster }),
    replaceEmptyVault: (cause) => replaceEmptyVault(options, stack, cluster, cause),
  });
  return { ...result, stack, cluster };
}

/**
 * A start that was killed after Vault's initialisation and before its keys were stored leaves a Vault that nobody can open. It is
 * replaced if it is empty: no update created the mount, and no run of vault-bootstrap succeeded. @throws UserError otherwise.
 */
async function replaceEmptyVault(
  { home, binaries, signal }: LocalChainOptions,
  stack: EnvironmentStack,
  cluster: Cluster,
  cause: BootstrapCause,
): Promise<void> {
  const hasSucceeded = (await readBootstrapStatus(cluster, stack))?.lastSuccessAt !== undefined;
  const isEmpty = !hasVaultObjects(home) && !hasSucceeded;
  const { exists } = await vaultCredentials(cluster, stack.namespace);
  if (!isEmpty || exists) {
    const { dir, portBase } = home;
    throw UserError.of(
      cause,
      `nobody can open the Vault of the local environment, and it ${isEmpty ? "has a Secret with keys of another one" : "may hold values"}: ${stack.namespace}/${credentialsSecret} ${exists ? "does not fit it" : "is gone"}`,
      `put the Secret back, or start from .env again: ameide-secrets local down --delete --home ${dir} && ameide-secrets local up --home ${dir} --port-base ${portBase}`,
    );
  }
  await stopServers(home, { only: ["openbao"] });
  rmSync(home.vault.dataDir, { recursive: true, force: true });
  await startServers(home, binaries, { only: ["openbao"], signal });
}

/** The engine on the home's file backend, with stand-ins of providers that end when it is closed. */
export async function openLocalEngine(
  { home, binaries, vaultPlugin }: Pick<LocalChainOptions, "home" | "binaries" | "vaultPlugin">,
  stack: EnvironmentStack,
  register: RegisterOptions,
  vaultToken: Redacted | undefined,
): Promise<OpenEngine> {
  const token = vaultToken?.reveal();
  const { secrets, deliveries, stores } = stack.plan;
  // above about 200 resources the file backend's checkpoints take longer than everything else together
  const isLarge = secrets.length + deliveries.length + 5 * stores.length > 175;
  const providers = await startProviders({
    mode: "live",
    journalPath: home.pulumi.journalFile,
    ...(vaultPlugin === undefined && {
      vault: { address: stack.vault.operatorAddress, ...(token !== undefined && { token }) },
    }),
    azure: localArm(home),
  });
  try {
    const local = localEngine(home, binaries);
    if (vaultPlugin !== undefined) linkPlugin(home.pulumi.homeDir, "vault", vaultPlugin);
    const engine = await openStack({
      ...local,
      program: async () => registerStack(stack, register),
      env: {
        ...local.env,
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        // the stand-in receives it on its standard input
        ...(vaultPlugin !== undefined && token !== undefined && { VAULT_TOKEN: token }),
        ...(isLarge && { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "true" }),
      },
    });
    await clearStaleLock(home, engine);
    await requireFittingState(engine, stack);
    return { stack: engine, close: () => providers.close() };
  } catch (error) {
    await providers.close();
    throw error;
  }
}

/** An engine that was killed leaves its lock in the file backend. This run holds the home's lock, so that engine is gone. */
async function clearStaleLock(home: LocalHome, engine: Stack): Promise<void> {
  const locks = join(home.pulumi.stateDir, ".pulumi", "locks");
  const held = existsSync(locks) && readdirSync(locks, { recursive: true, encoding: "utf8" });
  if (held !== false && held.some((file) => file.endsWith(".json"))) await engine.cancel();
}

/** What the engine of a home runs with: file backend, passphrase and plugins are in the home. */
export function localEngine(home: LocalHome, binaries: Binaries) {
  const workDir = join(home.pulumi.dir, "work");
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  pruneUpdateHistory(home);
  linkPlugin(home.pulumi.homeDir, "kubernetes", binaries.kubernetesProvider);
  if (!existsSync(home.pulumi.passphraseFile)) {
    writeFileSync(home.pulumi.passphraseFile, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }
  return {
    stackName: "local",
    workDir,
    stateDir: home.pulumi.stateDir,
    pulumi: binaries.pulumi,
    env: {
      PULUMI_HOME: home.pulumi.homeDir,
      PULUMI_CONFIG_PASSPHRASE_FILE: home.pulumi.passphraseFile,
      // the engine keeps an encrypted log of each call, 500 MB by default, and a copy of the state at each checkpoint
      PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "20",
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
    },
  };
}
