import { hasUnknown, isList, isMap, stringAt, type PropertyMap, type PropertyValue } from "../property-value.ts";
import { isBuiltIn } from "./known-kinds.ts";

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
