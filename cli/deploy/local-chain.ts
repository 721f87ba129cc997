import { rmSync } from "node:fs";
import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import { credentialsSecret } from "../../domain/names.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { openLocalEngine, type LocalEngineOptions } from "./local-engine.ts";
import { refuseForeign, type OwnershipAccess } from "./ownership/ownership.ts";
import { runChain, type ChainOptions, type ChainResult } from "./chain.ts";
import { readBootstrapStatus } from "../access/bootstrap-job.ts";
import { vaultCredentials } from "../access/root-token.ts";
import { loadLocalStack, localAzureAccount } from "../access/local-stack.ts";
import { applyCrds } from "../../local/servers/cluster-objects.ts";
import { startServers } from "../../local/servers/start.ts";
import { stopServers } from "../../local/servers/stop.ts";
import { hasVaultObjects, requireSpace, restoreState } from "../../local/pulumi-state.ts";
import { ensureToolchain } from "../../local/toolchain/ensure.ts";

/** Installs the toolchain and starts every server of the home that does not run. */
export async function startLocal({
  home,
  phases,
  signal,
}: Pick<LocalChainOptions, "home" | "phases" | "signal">): Promise<Binaries> {
  requireSpace(home);
  const binaries = await phases.run("toolchain", (tell) => ensureToolchain({ signal, onProgress: tell }));
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

export interface LocalChainOptions extends LocalEngineOptions, Pick<ChainOptions, "phases" | "signal" | "refresh"> {
  readonly envFiles: readonly string[];
  /** @default - `local` as its stack file and `.env` define it */
  readonly stack?: EnvironmentStack;
  /** Where an update checks for objects of other owners, in addition to the cluster. @default - nowhere */
  readonly ownership?: (vaultToken: Redacted | undefined) => OwnershipAccess;
}

export async function runLocalChain(
  options: LocalChainOptions,
): Promise<ChainResult & { readonly stack: EnvironmentStack; readonly cluster: Cluster }> {
  const { home, envFiles, phases, signal, refresh, ownership } = options;
  const restored = restoreState(home);
  if (restored !== undefined) {
    const where = restored === "none" ? "no complete copy exists, so it starts again" : `restored from ${restored}`;
    await phases.run("state of Pulumi", () => Promise.resolve(), () => `was interrupted during a write; ${where}`); // prettier-ignore
  }
  const stack = await phases.run(
    "plan",
    async () => options.stack ?? (await loadLocalStack(home, envFiles)),
    ({ plan }) =>
      `${plan.secrets.length} secrets, ${plan.deliveries.length} deliveries in ${plan.stores.length} namespaces`,
  );
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: stack.cluster.context, signal });
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
 * A start that was killed after Vault's initialisation and before its keys were stored leaves a Vault that nobody can unseal. It is
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
      `nobody can unseal the Vault of the local environment, and it ${isEmpty ? "has a Secret with keys of another one" : "may hold values"}: ${stack.namespace}/${credentialsSecret} ${exists ? "does not fit it" : "is gone"}`,
      `put the Secret back, or start from .env again: ameide-secrets local down --delete --home ${dir} && ameide-secrets local up --home ${dir} --port-base ${portBase}`,
    );
  }
  await stopServers(home, { only: ["openbao"] });
  rmSync(home.vault.dataDir, { recursive: true, force: true });
  await startServers(home, binaries, { only: ["openbao"], signal });
}
