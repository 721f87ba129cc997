import { inputDiff } from "../property-diff.ts";
import { keepSecrets, mapAt, unknown, type JsonObject, type PropertyMap } from "../property-value.ts";
import type { ResourceType } from "../typed-provider.ts";
import { azureStatus, type ArmClient } from "./arm-client.ts";

export interface ArmShape {
  readonly apiVersion: string;
  /** Input that is the last part of the id, such as `vaultName`. */
  readonly nameInput: string;
  idOf(client: ArmClient, inputs: JsonObject): string;
  /** Inputs of the id in addition to the name, such as `resourceGroupName`; found in it again for an import. */
  idInputs(id: string): JsonObject;
  /** Inputs that Resource Manager wants at the body's root, such as `location` and `tags`. */
  readonly rootInputs: readonly string[];
  /**
   * Inputs that go into the body's `properties`, and come out of it to the outputs' root. Undefined: the SDK has
   * `properties` itself.
   */
  readonly flattened?: readonly string[];
  /** Outputs that come out of `properties` to the root, in addition to the flattened inputs. */
  readonly flattenedOutputs?: readonly string[];
  /** Property paths that replace when they change, in addition to name, id and location. */
  readonly immutable?: readonly string[];
  readonly computedIn?: Readonly<Record<string, readonly string[]>>;
  /** Parts of `properties` that go in and never come out. */
  readonly writeOnly?: Readonly<Record<string, readonly string[]>>;
  remove?(client: ArmClient, id: string): Promise<void>;
  /** Brings back from soft delete what makes its creation a conflict. @returns whether there was anything. */
  recover?(client: ArmClient, id: string): Promise<boolean>;
}

/** A {@link ResourceType} of Resource Manager from its shape, as the provider `azure-native` derives it from Azure's specifications. */
export function armType(shape: ArmShape): ResourceType<ArmClient> {
  const { apiVersion, nameInput, rootInputs, flattened, flattenedOutputs = [] } = shape;
  const idInputs = Object.keys(shape.idInputs(""));
  const located = rootInputs.includes("location");
  const inputNames = [...idInputs, nameInput, ...rootInputs, ...(flattened ?? ["properties"])];
  const replaceOnChange = [...idInputs, nameInput, ...(located ? ["location"] : []), ...(shape.immutable ?? [])];
  const stable = ["azureApiVersion", "name", "type", ...(located ? ["location"] : []), ...flattenedOutputs];
  return {
    diff: (request) =>
      inputDiff(
        request,
        replaceOnChange.map((path) => path.split(".")),
      ),
    plan: (inputs, oldOutputs) => planned(shape, stable, inputs, oldOutputs),
    outputs: (live, inputs) => keepSecrets(live, inputs),
    importedInputs: (live, id) =>
      pick({ ...live, ...shape.idInputs(id), [nameInput]: id.slice(id.lastIndexOf("/") + 1) }, inputNames),
    idOf: (client, inputs) => shape.idOf(client, inputs),
    async create(client, id, inputs) {
      if ((await client.get(id, apiVersion)) !== undefined) {
        throw new Error(`cannot create already existing resource '${id}'`);
      }
      const wanted = body(inputs);
      try {
        await client.put(id, apiVersion, wanted);
      } catch (error) {
        if (azureStatus(error) !== 409 || (await shape.recover?.(client, id)) !== true) throw error;
        await client.put(id, apiVersion, wanted);
      }
    },
    async update(client, id, inputs) {
      await client.put(id, apiVersion, body(inputs));
    },
    async read(client, id) {
      const found = await client.get(id, apiVersion);
      if (found === undefined) return undefined;
      const { id: _, properties = {}, ...root } = found;
      const inner = properties as JsonObject;
      const outputs =
        flattened === undefined ? { properties: inner } : pick(inner, [...flattened, ...flattenedOutputs]);
      return { ...root, ...outputs, azureApiVersion: apiVersion };
    },
    remove: (client, id) => shape.remove?.(client, id) ?? client.delete(id, apiVersion),
  };

  function body(inputs: JsonObject): JsonObject {
    const root = pick(inputs, rootInputs);
    if (flattened === undefined) return { ...root, properties: inputs["properties"] ?? {} };
    return flattened.length === 0 ? root : { ...root, properties: pick(inputs, flattened) };
  }
}

/** What a preview knows: the inputs, and of the outputs those that never change. */
function planned(
  { computedIn = {}, writeOnly = {} }: ArmShape,
  stable: readonly string[],
  inputs: PropertyMap,
  oldOutputs: PropertyMap = {},
): PropertyMap {
  const computed = stable.map((name) => [name, inputs[name] ?? oldOutputs[name] ?? unknown] as const);
  const nested = Object.entries(computedIn).map(([name, parts]) => {
    const unknowns = Object.fromEntries(parts.map((part) => [part, unknown]));
    const hidden = new Set(writeOnly[name]);
    const visible = Object.entries(mapAt(inputs, name)).filter(([part]) => !hidden.has(part));
    return [name, { ...unknowns, ...Object.fromEntries(visible) }] as const;
  });
  return keepSecrets({ ...inputs, ...Object.fromEntries(computed), ...Object.fromEntries(nested) }, inputs);
}

function pick(map: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (map[name] === undefined ? [] : [[name, map[name]] as const])));
}
