import type { PropertyMap } from "./property-value.ts";

/** One call about one resource. What a call does not carry is empty. */
export interface ResourceCall {
  readonly urn: string;
  /** Such as `kubernetes:batch/v1:Job`. */
  readonly type: string;
  /** Name in the program, the last part of the URN. */
  readonly name: string;
  readonly id: string;
  /** Inputs of the last update; empty for a resource that is new, an import or a `get`. */
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly inputs: PropertyMap;
  readonly preview: boolean;
  /** Property paths in `ignoreChanges`. */
  readonly ignoreChanges: readonly string[];
  /** Source of generated names, so that preview and update agree. */
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
  /** Whether a replacement must delete first, since both would have one name. */
  readonly deleteBeforeReplace: boolean;
}

export interface ResourceState {
  readonly id: string;
  readonly outputs: PropertyMap;
}

/**
 * One configured provider: what `pulumirpc.ResourceProvider` asks, in plain values. Anything that is thrown reaches
 * the user unchanged, so a message names no value.
 */
export interface Provider {
  configure(inputs: PropertyMap): void;
  check(call: ResourceCall): CheckResult;
  diff(call: ResourceCall): DiffResult;
  /** In a preview the id is empty and computed outputs are unknown. */
  create(call: ResourceCall): Promise<ResourceState>;
  /** @returns undefined where the resource is gone. */
  read(call: ResourceCall): Promise<(ResourceState & { readonly inputs: PropertyMap }) | undefined>;
  update(call: ResourceCall): Promise<PropertyMap>;
  /** Succeeds where the resource is gone already. */
  delete(call: ResourceCall): Promise<void>;
  /** Ends waits and requests under way, which then fail. */
  cancel(): void;
}
