import { inputDiff } from "../property-diff.ts";
import type { PathTemplate } from "../path-template.ts";
import {
  keepSecrets,
  mapAt,
  unknown,
  type JsonObject,
  type PropertyMap,
  type PropertyValue,
} from "../property-value.ts";
import type { ResourceType } from "../typed-provider.ts";
import { azureStatus, type ArmClient } from "./arm-client.ts";

export interface ArmShape {
  readonly apiVersion: string;
  /** Id below the subscription; it begins with the scope if the type has one. A change of its inputs replaces. */
  readonly path: PathTemplate;
  /** Inputs that Resource Manager expects at the body's root, such as `location` and `tags`. */
  readonly rootInputs: readonly string[];
  /** Inputs in `properties` that the SDK has at the root. @default - the SDK has `properties` itself */
  readonly flattened?: readonly string[];
  /** Further outputs in `properties` that the SDK has at the root. */
  readonly flattenedOutputs?: readonly string[];
  /** Property paths that replace when they change, in addition to the id's and location. */
  readonly immutable?: readonly string[];
  /** Parts of `properties` that only the server knows. */
  readonly computed?: readonly string[];
  /** Parts of `properties` that the server never returns. */
  readonly writeOnly?: readonly string[];
  remove?(client: ArmClient, id: string): Promise<void>;
  /** Recovers a soft-deleted resource that conflicts with the creation. @returns whether there was one. */
  recover?(client: ArmClient, id: string): Promise<boolean>;
}

/** A {@link ResourceType} from its shape, by the rules of the provider `azure-native`. */
export function armType(shape: ArmShape): ResourceType<ArmClient> {
  const { apiVersion, path, rootInputs, flattened, flattenedOutputs = [] } = shape;
  const location = rootInputs.filter((name) => name === "location");
  const inputNames = [...path.inputs, ...rootInputs, ...(flattened ?? ["properties"])];
  const replaceAt = [...path.inputs, ...location, ...(shape.immutable ?? [])];
  const stable = ["azureApiVersion", "name", "type", ...location, ...flattenedOutputs];
  return {
    diff: (call) => inputDiff(call, replaceAt),
    plan: (inputs, oldOutputs) => planned(shape, stable, inputs, oldOutputs),
    outputs: (live, inputs) => keepSecrets(live, inputs),
    importedInputs: (live, id) => pick({ ...live, ...path.parse(id) }, inputNames),
    idOf(client, inputs) {
      if (!path.inputs.includes("scope")) return `${client.subscription}${path.fill(inputs)}`;
      return `/${path.fill(inputs).replace(/^\//, "")}`;
    },
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

/** The inputs, and the outputs that never change. */
function planned(
  { computed = [], writeOnly = [] }: ArmShape,
  stable: readonly string[],
  inputs: PropertyMap,
  oldOutputs: PropertyMap = {},
): PropertyMap {
  const outputs: Record<string, PropertyValue> = { ...inputs };
  for (const name of stable) outputs[name] = inputs[name] ?? oldOutputs[name] ?? unknown;
  if (computed.length > 0) {
    const visible = Object.entries(mapAt(inputs, "properties")).filter(([part]) => !writeOnly.includes(part));
    outputs["properties"] = {
      ...Object.fromEntries(computed.map((part) => [part, unknown])),
      ...Object.fromEntries(visible),
    };
  }
  return keepSecrets(outputs, inputs);
}

function pick(map: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (map[name] === undefined ? [] : [[name, map[name]] as const])));
}
