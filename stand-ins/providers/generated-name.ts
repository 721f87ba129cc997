import { createHash } from "node:crypto";

/** `name` and eight hexadecimal digits drawn from the engine's seed, so that preview and update agree. */
export function generatedName(name: string, randomSeed: Uint8Array, separator: string): string {
  return `${name}${separator}${createHash("sha256").update(randomSeed).digest("hex").slice(0, 8)}`;
}

/** A version 4 UUID drawn from the engine's seed. */
export function generatedUuid(randomSeed: Uint8Array): string {
  const bytes = createHash("sha256").update("uuid").update(randomSeed).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
