import type { CheckRequest } from "./provider.ts";
import type { JsonObject, PropertyMap } from "./property-value.ts";

/** One resource type: its rules, and the calls to its server. Property names are those of the SDK. */
export interface ResourceType<Client> {
  /** All inputs that an import takes from the outputs. */
  readonly inputs: readonly string[];
  /** Paths of inputs whose change replaces the resource, such as `location` or `properties.createMode`. */
  readonly replaceOnChange: readonly string[];
  /** Lists whose order means nothing. */
  readonly sets?: readonly string[];
  /** Outputs that only the server knows; an input of that name stands for itself in a preview. */
  readonly computed: readonly string[];
  /** The same inside maps of inputs, such as `properties` of a Key Vault: `vaultUri`. */
  readonly computedIn?: Readonly<Record<string, readonly string[]>>;
  /** Parts of maps of inputs that no server gives back, such as the `value` in the `properties` of a Key Vault secret. */
  readonly writeOnly?: Readonly<Record<string, readonly string[]>>;
  /** Outputs that are always secret. */
  readonly secrets?: readonly string[];
  /** Computed outputs that never change once they are there. */
  readonly stable?: readonly string[];
  /** Adds the defaults that are part of the inputs. */
  check?(request: CheckRequest): PropertyMap;
  /** Such as `auth/kubernetes/role/reader`; by the inputs, or by the outputs where {@link ResourceType.moves}. */
  idOf(client: Client, properties: JsonObject): string;
  /** Whether an update can move it to another id, while the engine keeps the id of its creation. */
  readonly moves?: true;
  /** What an import takes its inputs from. @default - the outputs */
  importInputs?(id: string, outputs: JsonObject): JsonObject;
  /** @throws Error where something of that id is there already */
  create(client: Client, id: string, inputs: JsonObject): Promise<void>;
  update(client: Client, id: string, inputs: JsonObject, oldInputs: JsonObject): Promise<void>;
  /** @returns the outputs, or undefined where it is gone; `inputs` are empty for an import. */
  read(client: Client, id: string, inputs: JsonObject): Promise<JsonObject | undefined>;
  remove(client: Client, id: string, inputs: JsonObject): Promise<void>;
}
