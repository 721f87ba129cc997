import * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { Namespace, ServiceAccount, ServiceAccountPatch } from "@pulumi/kubernetes/core/v1/index.js";
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import { expectedDeliveries } from "../domain/plan/update-check.ts";
import type { EnvironmentStack, PlannedDelivery, PlannedStore } from "../domain/plan/environment.ts";
import { externalSecret, pullSecretPatches } from "../domain/manifests/external-secret.ts";
import { readerServiceAccount, secretStore, namespaces } from "../domain/manifests/secret-store.ts";
import { admissionGuards } from "../domain/manifests/admission.ts";

export interface NamespacesArgs {
  readonly stack: EnvironmentStack;
}

/** The namespaces that `local` lacks; everywhere else they exist and belong to others. */
export class Namespaces extends pulumi.ComponentResource {
  constructor(name: string, { stack }: NamespacesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:secret-store:Namespaces", name, {}, opts);
    for (const namespace of namespaces(stack)) {
      new Namespace(`${name}-${namespace.metadata.name}`, namespace, { parent: this });
    }
    this.registerOutputs({});
  }
}

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
  constructor(name: string, args: SecretDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:SecretDelivery", name, {}, opts);
    const { plan, strictness } = args.stack;
    const child = { parent: this };
    const lasting = { ...child, retainOnDelete: strictness.protect };
    const stores = plan.stores.map((store) => vaultStore(name, args.stack, store, lasting));
    deliveries(name, args, stores, lasting);
    attachPullSecrets(name, plan.deliveries, child);
    this.registerOutputs({});
  }
}

/** What is right becomes Ready in seconds; what is wrong should not hold an update for the provider's ten minutes. */
const patience = { customTimeouts: { create: "3m", update: "3m" } };

interface Store {
  readonly key: string;
  readonly resource: CustomResource;
}

function vaultStore(
  name: string,
  stack: EnvironmentStack,
  store: PlannedStore,
  opts: pulumi.CustomResourceOptions,
): Store {
  const id = `${name}-${store.namespace}-${store.name}`;
  const reader = new ServiceAccount(`${id}-reader`, readerServiceAccount(store), opts);
  const object = waitedFor(secretStore(store, stack));
  const resource = new CustomResource(id, object, { ...opts, ...patience, dependsOn: reader });
  return { key: `${store.namespace}/${store.name}`, resource };
}

function deliveries(
  name: string,
  { stack, digest }: SecretDeliveryArgs,
  stores: readonly Store[],
  opts: pulumi.CustomResourceOptions,
): void {
  const byKey = new Map(stores.map(({ key, resource }) => [key, resource]));
  const waitedDeliveries = expectedDeliveries(stack);
  for (const delivery of stack.plan.deliveries) {
    const store = byKey.get(`${delivery.namespace}/${delivery.storeName}`);
    const object = externalSecret(delivery, digest);
    new CustomResource(
      `${name}-${delivery.namespace}-${delivery.name}`,
      waitedDeliveries.has(delivery) ? waitedFor(object) : object,
      { ...opts, ...patience, ...(store === undefined ? {} : { dependsOn: store }) },
    );
  }
}

/** Without force: if another manager owns the list, the conflict is reported and not overridden. */
function attachPullSecrets(
  name: string,
  planned: readonly PlannedDelivery[],
  opts: pulumi.CustomResourceOptions,
): void {
  for (const patch of pullSecretPatches(planned)) {
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

export interface AdmissionGuardArgs {
  /** With `strictness.admission` off, nothing is made. */
  readonly stack: EnvironmentStack;
}

/**
 * The catalogue as a rule of the API server: what others apply to the environment's namespaces is held to it as well.
 * `deny` only after the live objects were scanned: what is there already stays, but can no longer be changed.
 */
export class AdmissionGuard extends pulumi.ComponentResource {
  constructor(name: string, { stack }: AdmissionGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:AdmissionGuard", name, {}, opts);
    for (const { resource, policy, binding } of admissionGuards(stack)) {
      const made = new ValidatingAdmissionPolicy(`${name}-${resource}`, policy, { parent: this });
      new ValidatingAdmissionPolicyBinding(`${name}-${resource}-binding`, binding, { parent: this, dependsOn: made });
    }
    this.registerOutputs({});
  }
}
