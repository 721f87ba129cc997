import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { endProcessGroup, type ProcessIdentity } from "../process-identity.ts";
import type { Piece } from "./pieces.ts";

/**
 * Each finished piece has a folder that is named after its sources. It is created by a rename, and its manifest lists
 * the size of every file, so an incomplete build is never used.
 */

/** `$XDG_CACHE_HOME/ameide-secrets/toolchain`, or below `~/.cache`. */
export function defaultCacheDir(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? "";
  // the XDG specification: a relative path is invalid and is ignored
  return join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "ameide-secrets", "toolchain");
}

/** This module's folder, unless the module is part of a bundle. */
export function defaultRecipesDir(): string {
  return import.meta.dirname;
}

/** The piece's name, and a digest of its lock files, its own sources, its recipe and the kind of machine. */
export function cacheKey(piece: Piece, recipesDir: string): string {
  const { recipe } = piece;
  const files =
    recipe.kind === "go" ? filesBelow(join(recipesDir, recipe.module)) : [join(recipesDir, recipe.requirements)];
  const hash = createHash("sha256");
  hash.update(JSON.stringify([piece.name, piece.version, recipe, process.platform, process.arch]));
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return `${piece.name}-${hash.digest("hex").slice(0, 16)}`;
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** `files`: path below the piece's folder -> size in bytes. */
const manifestFile = "manifest.json";
const buildingPrefix = ".building-";
const builderFile = "builder.json";

/** @returns the piece's folder if every file has its full size. */
export function findInCache(cacheDir: string, key: string): string | undefined {
  const folder = join(cacheDir, key);
  try {
    const { files } = JSON.parse(readFileSync(join(folder, manifestFile), "utf8")) as { files: Record<string, number> };
    const whole = Object.entries(files).every(([file, size]) => statSync(join(folder, file)).size === size);
    return whole ? folder : undefined;
  } catch {
    return undefined; // not there, or damaged: it is made again
  }
}

/** On the same disk as the cache, so that the result can be renamed. */
export function makeBuildDir(cacheDir: string): string {
  mkdirSync(cacheDir, { recursive: true });
  return mkdtempSync(join(cacheDir, buildingPrefix));
}

/** Replaces a damaged piece. */
export function publish(finished: string, cacheDir: string, key: string): string {
  const files = Object.fromEntries(
    filesBelow(finished).map((path) => [path.slice(finished.length + 1), statSync(path).size]),
  );
  writeFileSync(join(finished, manifestFile), JSON.stringify({ files }), { flush: true });
  const folder = join(cacheDir, key);
  rmSync(folder, { recursive: true, force: true });
  renameSync(finished, folder);
  return folder;
}

/** So that a build is found when the process that started it was killed. */
export function recordBuilder(buildDir: string, builder: ProcessIdentity): void {
  writeFileSync(join(buildDir, builderFile), JSON.stringify(builder));
}

/** Ends builds of killed runs and removes their folders. The caller holds the cache's lock, so nobody else builds. */
export async function clearAbandonedBuilds(cacheDir: string): Promise<void> {
  for (const name of readdirSync(cacheDir).filter((entry) => entry.startsWith(buildingPrefix))) {
    const folder = join(cacheDir, name);
    const builder = readBuilder(folder);
    if (builder !== undefined) await endProcessGroup(builder);
    removeBuildDir(folder);
  }
}

function readBuilder(buildDir: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(buildDir, builderFile), "utf8")) as ProcessIdentity;
  } catch {
    return undefined; // none had begun
  }
}

/** Go makes some folders read-only; what cannot be removed now is removed at the next start. */
export function removeBuildDir(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
