import {
  isList,
  isMap,
  revealed,
  sameValue,
  secret,
  SecretProperty,
  type PropertyMap,
  type PropertyValue,
} from "./property-value.ts";

/**
 * Inputs after a refresh: as they were, except where the outputs moved away from the last known ones. What the
 * server merely writes in another form (`0.5` as `500m`) is no drift.
 */
export function refreshedInputs(oldInputs: PropertyMap, oldOutputs: PropertyMap, outputs: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(oldInputs)
      .map(([key, input]) => [key, refreshed(input, oldOutputs[key], outputs[key])] as const)
      .filter((entry): entry is readonly [string, PropertyValue] => entry[1] !== undefined),
  );
}

function refreshed(
  input: PropertyValue,
  markedOld: PropertyValue | undefined,
  markedLive: PropertyValue | undefined,
): PropertyValue | undefined {
  const old = revealed(markedOld);
  const live = revealed(markedLive);
  if (old === undefined || sameValue(old, live)) return input;
  if (input instanceof SecretProperty) return live === undefined ? undefined : secret(live);
  if (isMap(input) && isMap(old) && isMap(live)) return refreshedInputs(input, old, live);
  if (isList(input) && isList(live) && isList(old) && input.length === live.length && old.length === live.length) {
    return input.map((part, index) => refreshed(part, old[index], live[index]) ?? null);
  }
  return live;
}
