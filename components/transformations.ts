import type { ResourceTransformation } from "@pulumi/pulumi";
import { fieldManager } from "../domain/manifests/labels.ts";
import type { Adopted } from "../domain/plan/environment.ts";

/**
 * Adopts what existed before this program: it is read into state, judged by the pack, never changed, and left in place when
 * it is removed from the program. To manage it fully, remove the entry afterwards: the next preview shows the changes.
 *
 * @param adopted - see `adoptables` of the domain. @default - nothing
 */
export function adopting(adopted: Adopted = {}): ResourceTransformation {
  return ({ name, props, opts }) => {
    const id = adopted[name];
    if (id === undefined) return undefined;
    return { props, opts: { ...opts, import: id, ignoreChanges: ["*"], retainOnDelete: true } };
  };
}

/**
 * Objects with a fixed name that hold nothing. Pulumi replaces an object by creating the new one and then deleting the old
 * one; under one name that deletes the new one. Stores and ExternalSecrets are not among them: a deletion would take live
 * Secrets away, so they are retained instead.
 */
const replaceable =
  /^kubernetes:(batch\/v1:CronJob|core\/v1:ServiceAccount|rbac\.authorization\.k8s\.io\/v1:\w+|admissionregistration\.k8s\.io\/v1:\w+)$/;

/**
 * How every Kubernetes object is applied, by the annotations that the provider knows. A patch of another's object is left
 * alone: two patches of one object must not take each other's fields, and a conflict must be reported.
 *
 * One field manager: the provider would draw a name for each resource, and keep it in state only. An object that outlives
 * its state (retained by a destroy, or made by an update that was cut off) would then belong to a manager that never comes
 * back, and its next life would end in conflicts with it.
 *
 * By force, since an object is ours as a whole: an edit by hand makes the editor the owner of the field, and no update
 * could put it right. An object that was created by client-side apply belongs to the manager `pulumi-kubernetes` with every
 * default that the API server filled in, and its next life would end in a conflict with those. Objects of others, such as
 * one that ArgoCD tracks, are refused before any update. A namespace holds what others own, so it is never forced.
 *
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
