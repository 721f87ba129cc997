import type { PropertyMap } from "./property-value.ts";

/** Missing parts of a call are empty. */
export interface ResourceCall {
  readonly urn: string;
  /** Such as `kubernetes:batch/v1:Job`. */
  readonly type: string;
  /** In the program: the last part of the URN. */
  readonly name: string;
  readonly id: string;
  /** Of the last update; empty for a new resource, an import or a `get`. */
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly inputs: PropertyMap;
  readonly preview: boolean;
  readonly ignoreChanges: readonly string[];
  /** For generated names, so that preview and update agree. */
  readonly randomSeed: Uint8Array;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures?: readonly { readonly property: string; readonly reason: string }[];
}

export interface PropertyChange {
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
}

export interface DiffResult {
  /** By property path, such as `spec.template.spec.containers[0].image`. */
  readonly changes: ReadonlyMap<string, PropertyChange>;
  /** True if both would have the same name. */
  readonly deleteBeforeReplace: boolean;
}

export interface ResourceState {
  readonly id: string;
  readonly outputs: PropertyMap;
}

/** `pulumirpc.ResourceProvider` with plain values. Errors reach the user unchanged, so they must contain no value. */
export interface Provider {
  configure(inputs: PropertyMap): void;
  check(call: ResourceCall): CheckResult;
  diff(call: ResourceCall): DiffResult;
  /** In a preview the id is empty and computed outputs are unknown. */
  create(call: ResourceCall): Promise<ResourceState>;
  /** @returns undefined if it no longer exists. */
  read(call: ResourceCall): Promise<(ResourceState & { readonly inputs: PropertyMap }) | undefined>;
  update(call: ResourceCall): Promise<PropertyMap>;
  /** Succeeds if it no longer exists. */
  delete(call: ResourceCall): Promise<void>;
  /** Aborts waits and requests in progress. */
  cancel(): void;
}
