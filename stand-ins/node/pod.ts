import type { V1Container, V1ContainerState, V1ContainerStatus, V1Pod, V1PodCondition } from "@kubernetes/client-node";

/** As in JSON: times are ISO 8601 strings. */
type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

type WithSpec = Json<V1Pod> & { readonly spec: object };

export interface Pod {
  readonly metadata: Json<V1Pod["metadata"]> & {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
  };
  readonly spec: WithSpec["spec"];
  readonly status: PodStatus;
}

export type PodStatus = Omit<NonNullable<Json<V1Pod>["status"]>, "containerStatuses" | "initContainerStatuses"> & {
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
};

export type Container = Json<V1Container>;
export type EnvironmentVariable = NonNullable<Container["env"]>[number];
export type Volume = NonNullable<Pod["spec"]["volumes"]>[number];
export type VolumeSource = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];
export type TokenSource = NonNullable<VolumeSource["serviceAccountToken"]>;
export type PodCondition = Pick<Json<V1PodCondition>, "type" | "status"> & { readonly lastTransitionTime: string };

/** `null`: time unknown. */
export type Terminated = Omit<NonNullable<Json<V1ContainerState>["terminated"]>, "startedAt" | "finishedAt"> & {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
};

export type ContainerState = Omit<Json<V1ContainerState>, "terminated"> & { readonly terminated?: Terminated };

export type ContainerStatus = Pick<Json<V1ContainerStatus>, "name" | "restartCount"> & {
  readonly state: ContainerState;
};

export function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

/** Times in the API have no fractions. */
export function wholeSeconds(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

export function hasEnded({ status }: Pod): boolean {
  return status.phase === "Succeeded" || status.phase === "Failed";
}
