import type { JsonObject } from "../property-value.ts";

/** What every object of the API server has. */
export interface KubeObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: KubeMetadata;
}

export type KubeMetadata = JsonObject & {
  name: string;
  namespace?: string;
  annotations?: { [key: string]: string };
  managedFields?: ManagedFields[];
  finalizers?: string[];
  deletionTimestamp?: string;
  generation?: number;
  uid?: string;
};

export type ManagedFields = JsonObject & { manager: string; operation: string };

export interface KubeReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Undefined for cluster-scoped kinds. */
  readonly namespace: string | undefined;
}

export function referenceOf({ apiVersion, kind, metadata }: KubeObject): KubeReference {
  return { apiVersion, kind, name: metadata.name, namespace: metadata.namespace };
}

/** `namespace/name`, or the name of what is cluster-scoped; the id in Pulumi's state as well. */
export function fullName({
  name,
  namespace,
}: {
  readonly name: string;
  readonly namespace?: string | undefined;
}): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function parseFullName(id: string): { name: string; namespace: string | undefined } {
  const slash = id.indexOf("/");
  return slash < 0 ? { name: id, namespace: undefined } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/**
 * Group version and kind behind a Pulumi type, such as `kubernetes:batch/v1:Job` or, for a part of another owner's
 * object, `kubernetes:core/v1:ServiceAccountPatch`.
 */
export function kindOfType(type: string): { apiVersion: string; kind: string; isPatch: boolean } {
  const [, groupVersion = "", name = ""] = type.split(":");
  const isPatch = name.endsWith("Patch");
  return {
    apiVersion: groupVersion.startsWith("core/") ? groupVersion.slice("core/".length) : groupVersion,
    kind: isPatch ? name.slice(0, -"Patch".length) : name,
    isPatch,
  };
}
