import { generatedName } from "../generated-name.ts";
import type { CheckRequest } from "../provider.ts";
import { isMap, mapAt, type PropertyMap, type PropertyValue } from "../property-value.ts";
import { annotations } from "./annotations.ts";

/** Gives an object without a name one, marked by an annotation; a name that was generated before is kept. */
export function withName({ name, inputs, oldInputs, randomSeed }: CheckRequest): PropertyMap {
  const metadata = inputs["metadata"];
  if (metadata !== undefined && !isMap(metadata)) return inputs;
  if (metadata?.["name"] !== undefined || metadata?.["generateName"] !== undefined) return inputs;
  const old = mapAt(oldInputs, "metadata");
  const wasGenerated = mapAt(old, "annotations")[annotations.autonamed] === "true";
  const generated = wasGenerated ? old["name"] : undefined;
  return inMetadata(inputs, {
    name: generated ?? generatedName(name, randomSeed, "-"),
    annotations: { ...mapAt(metadata, "annotations"), [annotations.autonamed]: "true" },
  });
}

export function isNameGenerated(inputs: PropertyMap): boolean {
  return mapAt(mapAt(inputs, "metadata"), "annotations")[annotations.autonamed] === "true";
}

export function withNamespace(inputs: PropertyMap, namespace: string): PropertyMap {
  return mapAt(inputs, "metadata")["namespace"] === undefined ? inMetadata(inputs, { namespace }) : inputs;
}

function inMetadata(inputs: PropertyMap, more: Readonly<Record<string, PropertyValue>>): PropertyMap {
  return { ...inputs, metadata: { ...mapAt(inputs, "metadata"), ...more } };
}
