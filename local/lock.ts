import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { isAlive, self, type ProcessIdentity } from "./process-identity.ts";

export interface Lock {
  /** A second call does nothing. */
  release(): void;
}

/**
 * Takes a lock, or returns its holder. The lock of a crashed holder is cleared, even if its pid is in use again.
 *
 * @param path - the lock file; its folder must exist.
 */
export function tryLock(path: string): Lock | { readonly heldBy: ProcessIdentity } {
  const mine = JSON.stringify({ ...self(), token: randomUUID() });
  // two rounds for a stale lock; more only while others take and release it concurrently
  for (let round = 0; round < 50; round++) {
    if (createWith(path, mine)) return { release: () => releaseIf(path, mine) };
    const found = read(path);
    if (found === undefined) continue;
    const holder = parse(found);
    if (holder !== undefined && isAlive(holder)) return { heldBy: holder };
    clearStale(path, found);
  }
  throw new Error(`cannot take the lock ${path}: other processes keep taking it`);
}

/** Creates the file with its content at once: no reader gets an empty one. */
function createWith(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Renames the stale file; if another process was faster and it is in use now, renames it back. */
function clearStale(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (read(aside) !== stale) {
    try {
      linkSync(aside, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  rmSync(aside, { force: true });
}

function releaseIf(path: string, mine: string): void {
  if (read(path) === mine) rmSync(path, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
  } catch {
    return undefined; // truncated by a full disk or a crash: nothing holds it
  }
}
