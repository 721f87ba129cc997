import { createHash } from "node:crypto";
import type { EnvironmentStack } from "./environment.ts";

/** First 12 hex digits of SHA-256 over the parts, each with its length, so that no two lists of parts meet. */
export function digestOf(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 12);
}

/**
 * What one run of vault-bootstrap depends on. The `-sync` Job carries it in its name, so that it runs again exactly
 * when something changed.
 *
 * @param versions - of the values that this update wrote to Key Vault; names of versions, no value. @default - none
 * @returns 12 hex digits.
 */
export function chainDigest(
  { bootstrap }: Pick<EnvironmentStack, "bootstrap">,
  versions: readonly string[] = [],
): string {
  const { bundle, config, image, runId = "" } = bootstrap;
  return digestOf([bundle, JSON.stringify(config), image, runId, ...versions]);
}
