import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

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

/** Replaces the file as a whole: a reader, and a start after a crash, meets the old text or the new. */
export function writePrivateFile(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
  renameSync(temporary, path);
}

/** Reads the file, or makes it once. */
export function readOrMake(path: string, make: () => string): string {
  if (!existsSync(path)) writePrivateFile(path, make());
  return readFileSync(path, "utf8");
}
