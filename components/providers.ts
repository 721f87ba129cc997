import type { ResourceTransformation } from "@pulumi/pulumi";
import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import { Provider as VaultProvider } from "@pulumi/vault/provider.js";
import { fieldManager } from "../domain/manifests/labels.ts";
import type { Adopted, AzurePlace, EnvironmentStack } from "../domain/plan/environment.ts";
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

/**
 * Adopts what existed before this program: it is judged by the pack, never changed, and stays when it leaves the
 * program.
 * @param adopted - see `adoptables`. @default - nothing
 */
export function adopting(adopted: Adopted = {}): ResourceTransformation {
  return ({ name, props, opts }) => {
    const id = adopted[name];
    if (id === undefined) return undefined;
    return { props, opts: { ...opts, import: id, ignoreChanges: ["*"], retainOnDelete: true } };
  };
}

/**
 * Objects that hold nothing: Pulumi must delete them before it creates them again under the same name. A deleted store
 * or ExternalSecret would take live Secrets away, so those are retained instead.
 */
const replaceable =
  /^kubernetes:(batch\/v1:CronJob|core\/v1:ServiceAccount|rbac\.authorization\.k8s\.io\/v1:\w+|admissionregistration\.k8s\.io\/v1:\w+)$/;

/**
 * How every Kubernetes object is applied. One field manager: the provider would draw a name for each resource and keep
 * it in state only, so an object that outlives its state would conflict with it. By force, since an edit by hand, or
 * the manager of client-side apply, would otherwise own fields for good; what others manage is refused before any
 * update. A namespace holds what others own, so it is never forced; a patch of another's object must report a conflict.
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
