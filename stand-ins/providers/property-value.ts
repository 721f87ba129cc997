export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Secrets and unknowns keep their mark through every operation. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | Unknown
  | SecretProperty
  | readonly PropertyValue[]
  | PropertyMap;

export interface PropertyMap {
  readonly [key: string]: PropertyValue;
}

/** Such as the output of a resource that does not exist yet. */
export class Unknown {
  toJSON(): string {
    return "[unknown]";
  }
}

export const unknown = new Unknown();

/** A value that Pulumi encrypts and hides; only {@link SecretProperty.reveal} returns it. */
export class SecretProperty {
  readonly #value: PropertyValue;

  constructor(value: PropertyValue) {
    this.#value = value;
  }

  /** For a request to the server that stores it. */
  reveal(): PropertyValue {
    return this.#value;
  }

  toJSON(): string {
    return "[secret]";
  }
}

export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Unknown) &&
    !(value instanceof SecretProperty)
  );
}

export function isList(value: PropertyValue | undefined): value is readonly PropertyValue[] {
  return Array.isArray(value);
}

export function secret(value: PropertyValue): PropertyValue {
  return value instanceof SecretProperty ? value : new SecretProperty(value);
}

function hasSecret(value: PropertyValue): boolean {
  if (value instanceof SecretProperty) return true;
  if (isList(value)) return value.some(hasSecret);
  return isMap(value) && Object.values(value).some(hasSecret);
}

/** The value without its marks. @throws Error on an unknown: only previews have them, and they send no body. */
export function toJson(value: PropertyValue): Json {
  if (value instanceof Unknown) throw new Error("a value that is not known yet cannot be sent to a server");
  if (value instanceof SecretProperty) return toJson(value.reveal());
  if (isList(value)) return value.map(toJson);
  if (isMap(value)) return toJsonObject(value);
  return value;
}

export function toJsonObject(map: PropertyMap): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, toJson(value)]));
}

/** @returns the string, revealed; undefined if it is absent, unknown or of another type. */
export function stringAt(map: PropertyMap | undefined, key: string): string | undefined {
  const value = revealed(map?.[key]);
  return typeof value === "string" ? value : undefined;
}

/** @throws Error if the property is not a string: the program was not type-checked. */
export function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== "string") throw new Error(`missing required property '${key}'`);
  return value;
}

/** @returns the map, revealed; empty if it is absent or of another type. */
export function mapAt(map: PropertyMap | undefined, key: string): PropertyMap {
  const value = revealed(map?.[key]);
  return isMap(value) ? value : {};
}

export function revealed(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof SecretProperty ? value.reveal() : value;
}

/** Marks what is secret in `inputs`. A list with a secret is marked whole: servers may return it in another order. */
export function keepSecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const marked: Record<string, PropertyValue> = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = outputs[key];
    if (output === undefined || !hasSecret(input)) continue;
    marked[key] = isMap(output) && isMap(input) ? keepSecrets(output, input) : secret(output);
  }
  return marked;
}

/** Ignores marks; two unknowns are never equal. */
export function sameValue(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  const a = revealed(left);
  const b = revealed(right);
  if (a instanceof Unknown || b instanceof Unknown) return false;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((part, index) => sameValue(part, b[index]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameValue(a[key], b[key]));
}

/** Replacing shorter texts would make a message unreadable. */
const shortestInCharacters = 4;

/** Removes the request's secrets from a server's message. */
export function withoutSecrets(message: string, request: PropertyValue): string {
  const texts = [...secretTexts(request)].filter((text) => text.length >= shortestInCharacters);
  const forms = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString("base64"),
  ]);
  return forms
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, form) => text.replaceAll(form, "[secret]"), message);
}

function* secretTexts(value: PropertyValue, isSecret = false): Generator<string> {
  if (value instanceof SecretProperty) yield* secretTexts(value.reveal(), true);
  else if (isList(value)) for (const part of value) yield* secretTexts(part, isSecret);
  else if (isMap(value)) for (const part of Object.values(value)) yield* secretTexts(part, isSecret);
  else if (isSecret && typeof value === "string") yield value;
}
