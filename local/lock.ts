import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { isAlive, self, type ProcessIdentity } from "./process-identity.ts";

/** A lock that this process holds. */
export interface Lock {
  /** Gives it back; a second call does nothing. */
  release(): void;
}

/**
 * Takes a lock file, or returns its holder. The lock of a crashed holder is cleared automatically: what is recorded is
 * a process identity, not a bare pid.
 *
 * @param path - the lock file; its folder exists.
 */
export function tryLock(path: string): Lock | { readonly heldBy: ProcessIdentity } {
  const mine = JSON.stringify({ ...self(), token: randomUUID() });
  // two rounds for a stale lock; more only while others take and give it back under our hands
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

/** Creates the file with its whole text at once: a reader never meets an empty one. */
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

/** Takes the stale file aside; when another process was faster and it is a live one by now, puts it back. */
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
    return undefined; // cut off by a full disk or a crash: nobody holds it
  }
}
