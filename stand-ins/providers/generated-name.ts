import { createHash } from "node:crypto";

/** `name` and eight hexadecimal digits drawn from the engine's seed, so that preview and update agree. */
export function generatedName(name: string, randomSeed: Uint8Array, separator: string): string {
  return `${name}${separator}${createHash("sha256").update(randomSeed).digest("hex").slice(0, 8)}`;
}
