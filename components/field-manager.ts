import type { ResourceTransformation } from "@pulumi/pulumi";
import { fieldManager } from "../domain/manifests/marks.ts";

/**
 * Applies every Kubernetes object as one field manager. The provider would draw a name for each resource, and keep it in
 * state only: an object that outlives its state (retained by a destroy, or made by an update that was cut off) would then
 * belong to a manager that never comes back, and its next life would end in conflicts with it.
 *
 * Patches keep the drawn name: two of one object must not take each other's fields.
 */
export const asOneFieldManager: ResourceTransformation = ({ type, props, opts }) => {
  if (!type.startsWith("kubernetes:") || type.endsWith("Patch")) return undefined;
  const { metadata = {} } = props as { readonly metadata?: { readonly annotations?: object } };
  const annotations = { ...metadata.annotations, "pulumi.com/patchFieldManager": fieldManager };
  return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
};
