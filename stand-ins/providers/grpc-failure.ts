import { status, type ServiceError } from "@grpc/grpc-js";
import { type PropertyMap, isList, isMap, SecretProperty, type PropertyValue } from "./property-value.ts";

/** An error as the engine receives it. @param request - the properties of the failed call; the message shows none of their secrets. */
export function failure(error: unknown, request: PropertyMap): Partial<ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  return { code: status.UNKNOWN, details: withoutSecrets(message, request) };
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
