import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";

/** Atomic, for the owner only: a reader, and a start after a crash, gets the old text or the new. */
export function writePrivateFile(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
}
