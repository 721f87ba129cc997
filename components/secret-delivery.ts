import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { ServiceAccount, ServiceAccountPatch } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/environment.ts";
import { externalSecret, pullSecretPatches } from "../domain/manifests/external-secret.ts";
import { readerServiceAccount, secretStore } from "../domain/manifests/secret-store.ts";
import type { PlannedDelivery, PlannedStore } from "../domain/plan.ts";

export interface SecretDeliveryArgs {
  readonly stack: EnvironmentStack;
  /** An annotation on each ExternalSecret: a new one makes ESO fetch at once. */
  readonly digest: pulumi.Input<string>;
}

/**
 * Carries Vault's values into Kubernetes Secrets. Stores and ExternalSecrets stay in the cluster when they leave this
 * program: an ExternalSecret that owns its Secret takes it along when deleted.
 */
export class SecretDelivery extends pulumi.ComponentResource {
  constructor(name: string, { stack, digest }: SecretDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:SecretDelivery", name, {}, opts);
    const { stores, deliveries } = stack.plan;
    const { protect } = stack.strictness;
    const child = { parent: this };
    const lasting = { ...child, retainOnDelete: protect };
    const ready = new Map(stores.map((store) => [keyOf(store), vaultStore(name, stack, store, child, lasting)]));
    for (const delivery of deliveries) {
      const store = ready.get(`${delivery.namespace}/${delivery.storeName}`);
      deliver(name, delivery, digest, { ...lasting, ...(store === undefined ? {} : { dependsOn: store }) });
    }
    attachPullSecrets(name, deliveries, child);
    this.registerOutputs({});
  }
}

function keyOf(store: PlannedStore): string {
  return `${store.namespace}/${store.name}`;
}

function vaultStore(
  name: string,
  stack: EnvironmentStack,
  store: PlannedStore,
  child: pulumi.CustomResourceOptions,
  lasting: pulumi.CustomResourceOptions,
): CustomResource {
  const id = `${name}-${store.namespace}-${store.name}`;
  const reader = new ServiceAccount(`${id}-reader`, readerServiceAccount(store), child);
  return new CustomResource(`${id}`, waitedFor(secretStore(store, stack)), { ...lasting, dependsOn: reader });
}

function deliver(
  name: string,
  delivery: PlannedDelivery,
  digest: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): CustomResource {
  const id = `${name}-${delivery.namespace}-${delivery.name}`;
  return new CustomResource(id, waitedFor(externalSecret(delivery, digest)), opts);
}

/** Without force: an account whose list another manager owns is a conflict to be told, not one to be won. */
function attachPullSecrets(name: string, deliveries: readonly PlannedDelivery[], opts: pulumi.CustomResourceOptions) {
  for (const patch of pullSecretPatches(deliveries)) {
    const { namespace, name: account } = patch.metadata;
    new ServiceAccountPatch(`${name}-${namespace}-${account}-pull-secrets`, patch, opts);
  }
}

interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace: string; annotations?: Record<string, pulumi.Input<string>> };
}

/** The update goes on once the object is Ready; without this a custom resource counts as done when it is stored. */
function waitedFor<T extends NamedObject>(object: T) {
  const annotations = { ...object.metadata.annotations, "pulumi.com/waitFor": "condition=Ready" };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
