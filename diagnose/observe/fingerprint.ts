import { createHmac, randomBytes } from "node:crypto";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../../domain/catalogue/fixtures.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Fingerprint } from "../snapshot.ts";

const digestLength = 16;

/**
 * Turns values into traces that can be compared and not turned back. The key is random and never leaves the process:
 * without it a digest says nothing, not even to one who can guess the value.
 *
 * @param key - @default - a new random one.
 */
export function fingerprinter(
  fixtures: Catalogue["fixtures"],
  key: Uint8Array = randomBytes(32),
): (value: string) => Fingerprint {
  return (value) => ({
    digest: value === "" ? "-" : createHmac("sha256", key).update(value).digest("hex").slice(0, digestLength),
    looksLike: looksLike(value, fixtures),
    lengthInCharacters: value.length,
  });
}

function looksLike(value: string, fixtures: Catalogue["fixtures"]): Fingerprint["looksLike"] {
  if (value.trim() === "") return "empty";
  if (isPlaceholder(value, fixtures)) return "placeholder";
  if (isUnrendered(value)) return "template";
  if (isSample(value)) return "sample"; // the catalogue lists samples among the fixtures; `local` lets these alone pass
  return isFixture(value, fixtures) ? "fixture" : "value";
}
