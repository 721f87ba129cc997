import type { ApplyOptions } from "../../../clients/kubernetes.ts";
import {
  hasUnknown,
  toJsonObject,
  type PropertyMap,
  isMap,
  mapAt,
  type PropertyValue,
  isList,
  stringAt,
} from "../property-value.ts";
import { applyOver } from "./apply.ts";
import { outputsOf } from "./checkpoint.ts";
import { isForbidden, isNotFound, UnknownKindError, type KubeClient } from "./kube-client.ts";
import type { KubeObject } from "./kube-object.ts";
import { generatedName } from "../generated-name.ts";
import type { CheckRequest } from "../provider.ts";
import { annotations } from "./annotations.ts";
import { isBuiltIn } from "./known-kinds.ts";

/**
 * What an object would become, by a dry run; the inputs alone where the cluster cannot tell, as in the real provider.
 *
 * @throws Error with the API server's refusal, an admission policy's among them.
 */
export async function planObject(
  client: KubeClient,
  inputs: PropertyMap,
  options: Omit<ApplyOptions, "dryRun">,
): Promise<PropertyMap> {
  if (hasUnknown(inputs)) return inputs;
  try {
    const wanted = toJsonObject(inputs) as KubeObject;
    return outputsOf(await applyOver(client, wanted, { ...options, dryRun: true }), inputs, options.fieldManager);
  } catch (error) {
    // Its namespace or definition may be made by this very update; and who may not dry-run may still plan.
    if (error instanceof UnknownKindError || isNotFound(error) || isForbidden(error)) return inputs;
    throw error;
  }
}

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

/**
 * The real provider converts built-in kinds to Go's types and back, which drops empty lists; not custom resources, and
 * nothing that is not known yet.
 */
export function withoutEmptyLists(inputs: PropertyMap): PropertyMap {
  if (hasUnknown(inputs) || !isBuiltIn(stringAt(inputs, "apiVersion") ?? "")) return inputs;
  return withoutIn(inputs);
}

function withoutIn(map: PropertyMap): PropertyMap {
  const kept = Object.entries(map).filter(([, value]) => !isList(value) || value.length > 0);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutInValue(value)]));
}

function withoutInValue(value: PropertyValue): PropertyValue {
  if (isList(value)) return value.map(withoutInValue);
  return isMap(value) ? withoutIn(value) : value;
}
