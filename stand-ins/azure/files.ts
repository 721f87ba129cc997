import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import type { TokenCredential } from "@azure/identity";
import { azureFiles } from "../../local/home.ts";
import { writePrivateFile } from "../../local/private-file.ts";

/** Creates the folder, for its owner alone. */
export function ensurePrivateDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
}

/** Reads the file; creates it first if there is none. */
export function readOrCreate(path: string, create: () => string): string {
  if (!existsSync(path)) writePrivateFile(path, create());
  return readFileSync(path, "utf8");
}

/**
 * The credential of the person who owns the stand-in's subscription, for SecretClient and its like.
 *
 * @param dir - the stand-in's folder.
 */
export function operatorCredential(dir: string): TokenCredential {
  const token = readFileSync(azureFiles(dir).operatorToken, "utf8").trim();
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}
