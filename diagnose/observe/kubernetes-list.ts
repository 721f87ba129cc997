import type { V1JobCondition, V1ObjectMeta } from "@kubernetes/client-node";

/** A type of client-node as JSON has it: a time is a text. */
export type Json<T> = T extends Date ? string : T extends object ? { readonly [K in keyof T]: Json<T[K]> } : T;

export type ObjectMetadata = Json<V1ObjectMeta> & { readonly name: string };

export type Live<T> = Json<Omit<T, "metadata">> & { readonly metadata: ObjectMetadata };

export type ConditionObject = Json<V1JobCondition>;

/** `Kind/name` of the controller that owns an object. */
export function ownerOf({ ownerReferences = [] }: ObjectMetadata): string | undefined {
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
  return owner && `${owner.kind}/${owner.name}`;
}

/** When one of those who write a Secret's data last changed it: another writer's label or annotation is not a new value. */
export function changedAt({ managedFields = [], creationTimestamp }: ObjectMetadata): string | undefined {
  const times = managedFields
    .filter(({ fieldsV1 }) => fieldsV1 === undefined || "f:data" in (fieldsV1 as object))
    .map(({ time }) => time)
    .filter((time) => time !== undefined);
  return times.toSorted().at(-1) ?? creationTimestamp;
}

export function conditionOf(conditions: readonly ConditionObject[] | undefined, type: string) {
  const found = conditions?.find((condition) => condition.type === type);
  if (found === undefined) return undefined;
  const { status, reason = "", message = "" } = found;
  return { status, reason, message: message.replaceAll(/\s+/g, " ") };
}

/**
 * The order of creation, newest first. Kubernetes' times are whole seconds; within one, the object that was changed last
 * counts as the newer one (resourceVersions are ordered:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
 */
export function newestFirst<T extends { readonly metadata: ObjectMetadata }>(objects: readonly T[]): readonly T[] {
  const created = ({ metadata }: T): string => metadata.creationTimestamp ?? "";
  const version = ({ metadata }: T): number => Number(metadata.resourceVersion ?? 0);
  return objects.toSorted((a, b) => created(b).localeCompare(created(a)) || version(b) - version(a));
}
