import { createHash } from "node:crypto";

/** First 12 hex digits of SHA-256 over the parts, each with its length, so that no two lists of parts meet. */
export function digestOf(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 12);
}
