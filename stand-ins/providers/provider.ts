import type { PropertyMap } from "./property-value.ts";

/** What every call about one resource says of it. */
export interface ResourceRequest {
  readonly urn: string;
  /** Such as `kubernetes:batch/v1:Job`. */
  readonly type: string;
  /** Name in the program, the last part of the URN. */
  readonly name: string;
}

export interface CheckRequest extends ResourceRequest {
  /** Inputs of the last update; empty for a resource that is new. */
  readonly oldInputs: PropertyMap;
  readonly inputs: PropertyMap;
  /** Source of generated names, so that preview and update agree. */
  readonly randomSeed: Uint8Array;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures?: readonly CheckFailure[];
}

export interface DiffRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly inputs: PropertyMap;
  /** Property paths in `ignoreChanges`. */
  readonly ignoreChanges: readonly string[];
}

export type ChangeKind = "add" | "delete" | "update";

export interface PropertyChange {
  readonly kind: ChangeKind;
  readonly replaces: boolean;
}

export interface DiffResult {
  /** By property path, such as `spec.template.spec.containers[0].image`. */
  readonly changes: ReadonlyMap<string, PropertyChange>;
  /** Whether a replacement must delete first, since both would have one name. */
  readonly deleteBeforeReplace: boolean;
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: PropertyMap;
  readonly preview: boolean;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Undefined for an import or a `get`: there is no earlier state. */
  readonly oldInputs: PropertyMap | undefined;
  readonly oldOutputs: PropertyMap;
}

export interface UpdateRequest extends CreateRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
}

export interface ResourceState {
  readonly id: string;
  readonly outputs: PropertyMap;
}

export interface ReadResult extends ResourceState {
  readonly inputs: PropertyMap;
}

/**
 * One configured provider: what `pulumirpc.ResourceProvider` asks, in plain values. Anything that is thrown reaches
 * the user unchanged, so a message names no value.
 */
export interface Provider {
  configure(inputs: PropertyMap): Promise<void>;
  check(request: CheckRequest): Promise<CheckResult>;
  diff(request: DiffRequest): Promise<DiffResult>;
  /** In a preview the id is empty and computed outputs are unknown. */
  create(request: CreateRequest): Promise<ResourceState>;
  /** @returns undefined where the resource is gone. */
  read(request: ReadRequest): Promise<ReadResult | undefined>;
  update(request: UpdateRequest): Promise<PropertyMap>;
  /** Succeeds where the resource is gone already. */
  delete(request: DeleteRequest): Promise<void>;
  /** Ends waits and requests under way, which then fail. */
  cancel(): void;
}
