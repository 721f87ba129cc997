import type { CheckRequest, DiffRequest, DiffResult } from "./provider.ts";
import type { JsonObject, PropertyMap } from "./property-value.ts";

/** One resource type: its rules, and the calls to its server. Property names are those of the SDK. */
export interface ResourceType<Client> {
  /** Adds the defaults that are part of the inputs. */
  check?(request: CheckRequest): PropertyMap;
  diff(request: DiffRequest): DiffResult;
  /** The outputs that a preview shows. @param oldOutputs - undefined for a creation */
  plan(inputs: PropertyMap, oldOutputs?: PropertyMap): PropertyMap;
  /** What the server answered, with secrets marked. */
  outputs(live: JsonObject, inputs: PropertyMap): PropertyMap;
  /** The inputs of an import. */
  importedInputs(live: JsonObject, id: string): PropertyMap;
  /** The inputs after a refresh. @default - unchanged */
  refreshedInputs?(inputs: PropertyMap): PropertyMap;
  /** Such as `auth/kubernetes/role/reader`; by the inputs, or by the outputs where {@link ResourceType.moves}. */
  idOf(client: Client, properties: JsonObject): string;
  /** Whether an update can move it to another id, while the engine keeps the id of its creation. */
  readonly moves?: true;
  /** @throws Error if something of that id exists already */
  create(client: Client, id: string, inputs: JsonObject): Promise<void>;
  /** @param oldOutputs - what the server last answered; empty where that is not known */
  update(client: Client, id: string, inputs: JsonObject, oldOutputs: JsonObject): Promise<void>;
  /** @returns the outputs, or undefined where it is gone; `inputs` are empty for an import. */
  read(client: Client, id: string, inputs: JsonObject): Promise<JsonObject | undefined>;
  remove(client: Client, id: string, inputs: JsonObject): Promise<void>;
}
