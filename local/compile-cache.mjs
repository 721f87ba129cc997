// Plain JavaScript: the command line's entry loads it before anything else.
import { lstatSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/**
 * Node trusts the compiled code that it finds, and its default folder is in the shared temporary directory, where
 * anybody can create it first. So this uses a folder that only this person can write, or none.
 */
export function enableOwnCompileCache() {
  const folder = ownFolder();
  if (folder !== undefined) module.enableCompileCache?.(folder);
}

/** `$XDG_CACHE_HOME/ameide-secrets/compiled`, or below `~/.cache`; `undefined` if others could write or replace it. */
function ownFolder() {
  const cache = process.env.XDG_CACHE_HOME ?? "";
  // the XDG specification: a relative path is invalid and is ignored
  const folder = join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "ameide-secrets", "compiled");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return undefined;
    // others could write it until now, and may have
    if ((stat.mode & 0o022) !== 0) rmSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = realpathSync(folder);
    return everyFolderIsOurs(dirname(real)) ? real : undefined;
  } catch {
    return undefined; // a home that cannot be written
  }
}

/** Whoever can write a folder can replace its entries, except in a sticky one, where only an entry's owner can. */
function everyFolderIsOurs(folder) {
  const { uid, mode } = lstatSync(folder);
  const isOurs = uid === 0 || uid === process.getuid?.();
  const othersWrite = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if (!isOurs || othersWrite) return false;
  const above = dirname(folder);
  return above === folder || everyFolderIsOurs(above);
}
