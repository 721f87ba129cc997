import { randomInt } from "node:crypto";
import { Redacted } from "../domain/redacted.ts";

/** Letters and digits alone: such a value needs no quoting in a URL, a shell or an INI file (412). */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** @param lengthInCharacters - @default 48, which is 285 bits. */
export function generatedValue(lengthInCharacters = 48): Redacted {
  return new Redacted(Array.from({ length: lengthInCharacters }, () => alphabet[randomInt(alphabet.length)]).join(""));
}
