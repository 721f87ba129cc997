import type { KubernetesReader } from "./access.ts";

/** The metadata that is read of any object. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly managedFields?: readonly {
    readonly time?: string;
    readonly fieldsV1?: Readonly<Record<string, unknown>>;
  }[];
}

export interface ConditionObject {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** `Kind/name` of the controller that owns an object. */
export function ownerOf({ ownerReferences = [] }: ObjectMetadata): string | undefined {
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
  return owner === undefined ? undefined : `${owner.kind}/${owner.name}`;
}

/** When one of those who write a Secret's data last changed it: another writer's label or annotation is not a new value. */
export function changedAt({ managedFields = [], creationTimestamp }: ObjectMetadata): string | undefined {
  const times = managedFields
    .filter(({ fieldsV1 }) => fieldsV1 === undefined || "f:data" in fieldsV1)
    .map(({ time }) => time)
    .filter((time) => time !== undefined);
  return times.toSorted().at(-1) ?? creationTimestamp;
}

export function conditionOf(conditions: readonly ConditionObject[] | undefined, type: string) {
  const found = conditions?.find((condition) => condition.type === type);
  if (found === undefined) return undefined;
  const { status, reason = "", message = "", lastTransitionTime } = found;
  const oneLine = message.replaceAll(/\s+/g, " ");
  return {
    status,
    reason,
    message: oneLine,
    ...(lastTransitionTime === undefined ? {} : { since: lastTransitionTime }),
  };
}

/** Only whether it is there: what it holds, a Secret's data among it, is thrown away unread. @throws whatever but a 404 */
export async function exists(kubernetes: KubernetesReader, path: string): Promise<boolean> {
  try {
    await kubernetes.get(path);
    return true;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return false;
    throw error;
  }
}
