import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";

/** Replaces a file as a whole, for its owner alone: a reader, and a start after a crash, meets the old text or the new. */
export function writePrivateFile(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
}
