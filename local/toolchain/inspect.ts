import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheKey, defaultCacheDir, defaultRecipesDir, findInCache } from "./cache.ts";
import { lookUpOnPath, type PathLookup } from "./path-lookup.ts";
import { executables, pieces, type Binaries, type Piece } from "./pieces.ts";

export interface ToolchainPaths {
  /** @default - `$XDG_CACHE_HOME/ameide-secrets/toolchain` */
  readonly cacheDir?: string;
  /** Folder with the lock files that pin the versions. @default - the folder of this module */
  readonly recipesDir?: string;
  /** @default - PATH */
  readonly path?: string;
}

export interface PieceState {
  readonly piece: Piece;
  readonly found: "path" | "cache" | "missing";
  /** Absent if the piece is missing. */
  readonly executable?: string;
  /** Of the executable, or of what will be downloaded or built. */
  readonly version: string;
  /** Name of its folder in the cache. */
  readonly key: string;
  /** Copies on PATH with an unsuitable version. */
  readonly refused: PathLookup["refused"];
  /** On this machine; 0 if nothing is missing. */
  readonly estimateInSeconds: number;
}

export interface ToolchainState {
  readonly pieces: readonly PieceState[];
  readonly missing: readonly PieceState[];
  readonly cacheDir: string;
}

export async function inspectToolchain(places: ToolchainPaths = {}): Promise<ToolchainState> {
  const here = withDefaults(places);
  const states = await Promise.all(pieces.map((piece) => inspectPiece(piece, here)));
  return { pieces: states, missing: states.filter(({ found }) => found === "missing"), cacheDir: here.cacheDir };
}

export function withDefaults(places: ToolchainPaths): Required<ToolchainPaths> {
  return {
    cacheDir: places.cacheDir ?? defaultCacheDir(),
    recipesDir: places.recipesDir ?? defaultRecipesDir(),
    path: places.path ?? process.env["PATH"] ?? "",
  };
}

/** @param state - without missing pieces. */
export function binariesOf(state: ToolchainState): Binaries {
  const paths = Object.entries(executables).map(([name, wanted]) => {
    const found = state.pieces.find(({ piece }) => piece.name === wanted)?.executable;
    if (found === undefined) throw new Error(`${wanted} is missing from the toolchain`);
    return [name, found] as const;
  });
  const binaries = Object.fromEntries(paths) as Omit<Binaries, "externalSecretsDefinitions">;
  return { ...binaries, externalSecretsDefinitions: join(binaries.externalSecrets, "..", "definitions") };
}

async function inspectPiece(piece: Piece, places: Required<ToolchainPaths>): Promise<PieceState> {
  const key = cacheKey(piece, places.recipesDir);
  const { found, refused } = await lookUpOnPath(piece.onPath ?? [], places);
  const state = { piece, key, refused, version: found?.version ?? piece.version };
  if (found !== undefined) return { ...state, found: "path", executable: found.path, estimateInSeconds: 0 };
  const folder = findInCache(places.cacheDir, key);
  return folder === undefined
    ? { ...state, found: "missing", estimateInSeconds: secondsHere(piece) }
    : { ...state, found: "cache", executable: join(folder, piece.name), estimateInSeconds: 0 };
}

/** Compilation scales to about eight cores; the estimates are for two. */
function secondsHere({ recipe, estimate }: Piece): number {
  if (recipe.kind === "wheel") return estimate.seconds;
  return Math.ceil((estimate.seconds * 2) / Math.min(availableParallelism(), 8));
}
