/** Plain JSON, as the servers speak it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A property of a Pulumi resource. Secrets and unknowns keep their mark through every operation. */
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

/** A value that is not known before the update, such as the output of a resource that does not exist yet. */
export class Unknown {
  toJSON(): string {
    return "[unknown]";
  }
}

export const unknown = new Unknown();

/** A value that state encrypts and output hides; {@link SecretProperty.reveal} is the one way out. */
export class SecretProperty {
  readonly #value: PropertyValue;

  constructor(value: PropertyValue) {
    this.#value = value;
  }

  /** The value in clear, for a request to the server that is to hold it. */
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

/**
 * The value without its marks, for a request body.
 *
 * @throws Error if it holds an unknown: only a preview meets one, and a preview sends no body.
 */
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

/** The string under `key`, revealed; undefined where it is absent, unknown or of another type. */
export function stringAt(map: PropertyMap | undefined, key: string): string | undefined {
  const value = revealed(map?.[key]);
  return typeof value === "string" ? value : undefined;
}

/** @throws Error if the property is not a string, which only a program in plain JavaScript can cause. */
export function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== "string") throw new Error(`missing required property '${key}'`);
  return value;
}

/** The map under `key`, revealed; empty where it is absent or of another type. */
export function mapAt(map: PropertyMap | undefined, key: string): PropertyMap {
  const value = revealed(map?.[key]);
  return isMap(value) ? value : {};
}

export function revealed(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof SecretProperty ? value.reveal() : value;
}

/**
 * Marks in `outputs` what is secret in `inputs`, at the same path. A list is marked whole where any part of it is
 * secret, since servers may return it in another order.
 */
export function keepSecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const marked: Record<string, PropertyValue> = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = outputs[key];
    if (output === undefined || !hasSecret(input)) continue;
    marked[key] = isMap(output) && isMap(input) ? keepSecrets(output, input) : secret(output);
  }
  return marked;
}

/** Equal in value, whatever the marks; two unknowns are never equal. */
export function sameValue(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  const a = revealed(left);
  const b = revealed(right);
  if (a instanceof Unknown || b instanceof Unknown) return false;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((part, index) => sameValue(part, b[index]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameValue(a[key], b[key]));
}

/** Replacing shorter texts would tear a message apart. */
const shortestInCharacters = 4;

/** Takes the secrets of a request out of what a server said about it: no message shows a value. */
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
