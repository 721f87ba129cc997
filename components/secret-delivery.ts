import * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { Namespace, ServiceAccount, ServiceAccountPatch } from "@pulumi/kubernetes/core/v1/index.js";
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import { expectedDeliveries } from "../domain/plan/update-check.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { externalSecret, pullSecretPatches } from "../domain/manifests/external-secret.ts";
import { readerServiceAccount, secretStore, namespaces } from "../domain/manifests/secret-store.ts";
import { admissionGuards } from "../domain/manifests/admission.ts";

type StackArgs = Readonly<Record<"stack", EnvironmentStack>>;

/** The namespaces that `local` lacks; everywhere else they exist and belong to others. */
export class Namespaces extends pulumi.ComponentResource {
  constructor(name: string, { stack }: StackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:secret-store:Namespaces", name, {}, opts);
    for (const namespace of namespaces(stack)) {
      new Namespace(`${name}-${namespace.metadata.name}`, namespace, { parent: this });
    }
    this.registerOutputs({});
  }
}

export interface SecretDeliveryArgs extends StackArgs {
  /** An annotation on each ExternalSecret: a new one makes ESO fetch at once. */
  readonly digest: pulumi.Input<string>;
}

/** What is right becomes Ready in seconds; what is wrong should not hold an update for the provider's ten minutes. */
const patience = { customTimeouts: { create: "3m", update: "3m" } };

/** Carries Vault's values into Secrets. What leaves this program stays: a deleted ExternalSecret deletes its Secret. */
export class SecretDelivery extends pulumi.ComponentResource {
  constructor(name: string, { stack, digest }: SecretDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:SecretDelivery", name, {}, opts);
    const { stores, deliveries } = stack.plan;
    const child = { parent: this };
    const lasting = { ...child, retainOnDelete: stack.strictness.protect };
    const storesByName = new Map<string, CustomResource>();
    for (const store of stores) {
      const id = `${name}-${store.namespace}-${store.name}`;
      const reader = new ServiceAccount(`${id}-reader`, readerServiceAccount(store), lasting);
      const object = waitedFor(secretStore(store, stack));
      const resource = new CustomResource(id, object, { ...lasting, ...patience, dependsOn: reader });
      storesByName.set(`${store.namespace}/${store.name}`, resource);
    }
    const expected = expectedDeliveries(stack);
    for (const delivery of deliveries) {
      const { namespace, storeName } = delivery;
      const store = storesByName.get(`${namespace}/${storeName}`);
      const object = externalSecret(delivery, digest);
      const shown = expected.has(delivery) ? waitedFor(object) : object;
      const after = store && { dependsOn: store };
      new CustomResource(`${name}-${namespace}-${delivery.name}`, shown, { ...lasting, ...patience, ...after });
    }
    // without force: if another manager owns the list, the conflict is reported and not overridden
    for (const patch of pullSecretPatches(deliveries)) {
      const { namespace, name: account } = patch.metadata;
      new ServiceAccountPatch(`${name}-${namespace}-${account}-pull-secrets`, patch, child);
    }
    this.registerOutputs({});
  }
}

interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace: string; annotations?: Record<string, pulumi.Input<string>> };
}

/** The update continues after the object is Ready; without this a custom resource counts as done when it is stored. */
function waitedFor<T extends NamedObject>(object: T) {
  const annotations = { ...object.metadata.annotations, "pulumi.com/waitFor": "condition=Ready" };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The catalogue as a rule of the API server, for what others apply to the environment's namespaces as well. */
export class AdmissionGuard extends pulumi.ComponentResource {
  constructor(name: string, { stack }: StackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:external-secret:AdmissionGuard", name, {}, opts);
    for (const { resource, policy, binding } of admissionGuards(stack)) {
      const dependsOn = new ValidatingAdmissionPolicy(`${name}-${resource}`, policy, { parent: this });
      new ValidatingAdmissionPolicyBinding(`${name}-${resource}-binding`, binding, { parent: this, dependsOn });
    }
    this.registerOutputs({});
  }
}
