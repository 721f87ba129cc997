import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import { Provider as VaultProvider } from "@pulumi/vault/provider.js";
import type { AzurePlace, EnvironmentStack } from "../domain/plan/environment.ts";
import { vaultProviderInputs } from "../domain/resources/vault-inputs.ts";

/*
 * Every provider is explicit: none uses the subscription, the cluster or the Vault that happens to be current.
 */

/** Without the tenant: `az account get-access-token` refuses tenant and subscription together. */
export function azureProvider({ subscriptionId, location }: AzurePlace): AzureProvider {
  return new AzureProvider("azure", { subscriptionId, location });
}

/**
 * `clusterIdentifier` says that the cluster is the same after another CA or address. Without it Pulumi would replace
 * every object, and delete the one that it has just created under the same name.
 */
export function kubernetesProvider({ name, cluster }: Pick<EnvironmentStack, "name" | "cluster">): KubernetesProvider {
  const { kubeconfig, context } = cluster;
  return new KubernetesProvider("kubernetes", {
    context,
    clusterIdentifier: `ameide-secrets-${name}`,
    enableServerSideApply: true,
    // otherwise an object that outlived its state (retained by a destroy, or created by a run that was cut off) could never
    // be taken up again. What others made is refused before any update: cli/deploy/ownership
    upsertExistingObjects: true,
    ...(kubeconfig !== undefined && { kubeconfig }),
  });
}

export function vaultProvider(vault: EnvironmentStack["vault"]): VaultProvider {
  return new VaultProvider("vault", vaultProviderInputs(vault));
}
