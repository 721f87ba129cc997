import type { ResourceTransformation } from "@pulumi/pulumi";
import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import { Provider as VaultProvider } from "@pulumi/vault/provider.js";
import { fieldManager } from "../domain/manifests/labels.ts";
import type { Adopted, AzureTarget, EnvironmentStack } from "../domain/plan/environment.ts";
import { vaultProviderInputs } from "../domain/resources/vault-inputs.ts";

// Every provider is explicit: none uses the subscription, the cluster or the Vault that happens to be current.

/** Without the tenant: `az account get-access-token` refuses tenant and subscription together. */
export function azureProvider({ subscriptionId, location }: AzureTarget): AzureProvider {
  return new AzureProvider("azure", { subscriptionId, location });
}

/** Without `clusterIdentifier`, a new CA or address would make Pulumi replace every object and delete the new one. */
export function kubernetesProvider({ name, cluster }: Pick<EnvironmentStack, "name" | "cluster">): KubernetesProvider {
  const { kubeconfig, context } = cluster;
  return new KubernetesProvider("kubernetes", {
    context,
    clusterIdentifier: `ameide-secrets-${name}`,
    enableServerSideApply: true,
    // otherwise Pulumi could never manage an object that outlived its state; cli/deploy/ownership refuses foreign ones
    upsertExistingObjects: true,
    ...(kubeconfig !== undefined && { kubeconfig }),
  });
}

export function vaultProvider(vault: EnvironmentStack["vault"]): VaultProvider {
  return new VaultProvider("vault", vaultProviderInputs(vault));
}

/**
 * Adopts what existed before: the pack judges it, nothing changes it, and it stays when it leaves the program.
 * @param adopted - see `adoptables`. @default - nothing
 */
export function adopting(adopted: Adopted = {}): ResourceTransformation {
  return ({ name, props, opts }) => {
    const id = adopted[name];
    if (id === undefined) return undefined;
    return { props, opts: { ...opts, import: id, ignoreChanges: ["*"], retainOnDelete: true } };
  };
}

/** Deleted before they are created again. No stores or ExternalSecrets: their deletion would delete live Secrets. */
const replaceable =
  /^kubernetes:(batch\/v1:CronJob|core\/v1:ServiceAccount|rbac\.authorization\.k8s\.io\/v1:\w+|admissionregistration\.k8s\.io\/v1:\w+)$/;

/**
 * How every Kubernetes object is applied. One field manager: a name that the provider draws is lost with the state, and
 * the object would then conflict with itself. By force: an edit by hand would otherwise own its fields for good. Never
 * forced: a namespace, which holds what others own, and a patch, which must report a conflict.
 * @see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
 */
export const serverSideApply: ResourceTransformation = ({ type, props, opts }) => {
  if (!type.startsWith("kubernetes:") || type.endsWith("Patch")) return undefined;
  const { metadata = {} } = props as { readonly metadata?: { readonly annotations?: object } };
  const annotations = {
    ...metadata.annotations,
    "pulumi.com/patchFieldManager": fieldManager,
    ...(type.endsWith(":Namespace") ? {} : { "pulumi.com/patchForce": "true" }),
  };
  return {
    props: { ...props, metadata: { ...metadata, annotations } },
    opts: replaceable.test(type) ? { ...opts, deleteBeforeReplace: true } : opts,
  };
};
