import type { EnvironmentStack, StackPlan } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { load, readStackSettings, repositoryRoot } from "../../environments/index.ts";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { ownVaultAddress } from "./vault.ts";

/** Settings of the stack's file; Vault's address from the person's own session where the file leaves it out. */
export async function loadCloudStack(stack: string, envFiles?: readonly string[]): Promise<StackPlan> {
  const vaultAddress = ownVaultAddress(process.env);
  const { VAULT_CACERT: vaultCaFile, VAULT_NAMESPACE: vaultNamespace } = process.env;
  return load({
    stack,
    settings: readStackSettings(stack, repositoryRoot),
    ...(envFiles === undefined ? {} : { envFiles }),
    ...(vaultAddress === undefined ? {} : { vaultAddress }),
    ...(vaultCaFile && { vaultCaFile }),
    ...(vaultNamespace && { vaultNamespace }),
  });
}

/** The cluster of an environment's stack. @throws UserError for `shared`, which has none. */
export async function clusterOf(
  plan: StackPlan,
): Promise<{ readonly stack: EnvironmentStack; readonly cluster: Cluster }> {
  if (plan.kind === "shared") {
    throw UserError.of(
      "shared-has-no-cluster",
      "the stack shared does not have a cluster",
      "use --stack dev, staging, prod or local",
    );
  }
  return { stack: plan, cluster: await openCluster(plan.cluster) };
}
