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
 * Where finished pieces are stored, one folder each, named after their sources. A folder appears under its name
 * by a rename once it is whole, and its manifest lists the size of every file: what is half built is never used.
 */

/** `$XDG_CACHE_HOME/ameide-secrets/toolchain`, or below `~/.cache`. */
export function defaultCacheDir(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? "";
  // the XDG specification: a relative path is invalid and is ignored
  return join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "ameide-secrets", "toolchain");
}

/** Folder of the recipes: this one, but where the module is part of a bundle. */
export function defaultRecipesDir(): string {
  return import.meta.dirname;
}

/** Name of a piece's folder: its name, and a digest of its lock files, its own sources, its recipe and the kind of machine. */
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

/** Its `files`: path below the piece's folder -> size in bytes. */
const manifestFile = "manifest.json";
const buildingPrefix = ".building-";
const builderFile = "builder.json";

/** The piece's folder, if it is there with every file in its full size. */
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

/** A new empty folder on the same disk, to build in. */
export function makeBuildDir(cacheDir: string): string {
  mkdirSync(cacheDir, { recursive: true });
  return mkdtempSync(join(cacheDir, buildingPrefix));
}

/** Moves the finished files to their place; what is damaged there makes way. */
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

/** Writes down which process builds in a folder, so that it is found when the one that started it is killed. */
export function recordBuilder(buildDir: string, builder: ProcessIdentity): void {
  writeFileSync(join(buildDir, builderFile), JSON.stringify(builder));
}

/**
 * Ends what killed runs left building, and removes their folders. Only for the holder of the cache's lock: nobody else
 * builds then.
 */
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

/** Go makes some of its folders read-only; what cannot go now goes with the next start. */
export function removeBuildDir(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
