import { isList, isMap, SecretProperty, type PropertyValue } from "./property-value.ts";

/** Shorter texts are no secrets that a message could be searched for without being torn apart. */
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
    .reduce((told, form) => told.replaceAll(form, "[secret]"), message);
}

function* secretTexts(value: PropertyValue, isSecret = false): Generator<string> {
  if (value instanceof SecretProperty) yield* secretTexts(value.reveal(), true);
  else if (isList(value)) for (const part of value) yield* secretTexts(part, isSecret);
  else if (isMap(value)) for (const part of Object.values(value)) yield* secretTexts(part, isSecret);
  else if (isSecret && typeof value === "string") yield value;
}
