import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "../../local/private-file.ts";
import type { TokenCredential } from "@azure/identity";

/** Where the stand-in keeps its things; `local/home.ts` names the same files. */
export function azureFiles(dir: string) {
  return {
    /** PEM of the CA that signs the stand-in's certificate; clients trust it. */
    caCertificate: join(dir, "ca.crt"),
    caKey: join(dir, "ca.key"),
    /** Bearer token of the person who owns the subscription. */
    operatorToken: join(dir, "operator-token"),
    /** Signs access tokens. */
    tokenKey: join(dir, "token.key"),
    state: join(dir, "state.json"),
  } as const;
}

/** Makes the folder, for its owner alone. */
export function ensurePrivateDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
}

/** Reads the file, or makes it once. */
export function readOrMake(path: string, make: () => string): string {
  if (!existsSync(path)) writePrivateFile(path, make());
  return readFileSync(path, "utf8");
}

/**
 * The credential of the person who owns the stand-in's subscription, for SecretClient and its like.
 *
 * @param dir - the stand-in's folder.
 */
export function operatorCredential(dir: string): TokenCredential {
  const token = readOperatorToken(dir);
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}

function readOperatorToken(dir: string): string {
  return readFileSync(azureFiles(dir).operatorToken, "utf8").trim();
}
