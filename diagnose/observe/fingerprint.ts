import { createHmac, randomBytes } from "node:crypto";
import { isFixture, isPlaceholder, isSample, isUnrendered } from "../../domain/catalogue/fixtures.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Fingerprint } from "../snapshot.ts";
import { redactionOf, type Redaction } from "../../domain/redaction.ts";

const digestLength = 16;

/** Turns values into traces that can be compared and not turned back, by a random key that never leaves the process. */
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

/** Removes `values` (in all forms of `redactionOf`) from texts that others wrote, such as logs. Names stay. */
export function withoutValues<T>(data: T, values: ReadonlySet<string>): T {
  return walk(data, "", redactionOf(values)) as T;
}

const freeTexts: ReadonlySet<string> = new Set(["message", "log", "unschedulable", "reason"]);
/** Objects that may contain any text. */
const freeObjects: ReadonlySet<string> = new Set(["annotations", "labels", "environment", "customMetadata"]);

function walk(data: unknown, key: string, redact: Redaction): unknown {
  if (typeof data === "string") return freeTexts.has(key) ? redact(data) : data;
  if (Array.isArray(data)) return data.map((one) => walk(one, key, redact));
  if (typeof data !== "object" || data === null) return data;
  // an observed part is `log: { ok, value: [...] }`
  return Object.fromEntries(
    Object.entries(data).map(([name, one]) => [
      name,
      walk(one, freeObjects.has(key) ? "message" : name === "value" ? key : name, redact),
    ]),
  );
}
