import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheKey, defaultCacheDir, defaultRecipesDir, findInCache } from "./cache.ts";
import { lookUpOnPath, which, type PathLookup } from "./path-lookup.ts";
import { pieces, type Binaries, type Piece, type PieceName } from "./pieces.ts";

/** Where to look; the defaults are this machine's. Tests give their own. */
export interface ToolchainPlaces {
  /** @default - `$XDG_CACHE_HOME/ameide-secrets/toolchain` */
  readonly cacheDir?: string;
  /** local/toolchain with the lock files that name the versions. @default - the folder of this module */
  readonly recipesDir?: string;
  /** @default - PATH */
  readonly path?: string;
  /** Whether a fitting copy on PATH is taken; without it there is only what the lock files pin. @default true */
  readonly takesCopiesOnPath?: boolean;
}

export interface PieceState {
  readonly piece: Piece;
  readonly found: "path" | "cache" | "missing";
  /** The executable; absent when missing. */
  readonly executable?: string;
  /** The one that was found, or the one that will be got. */
  readonly version: string;
  /** Name of its folder in the cache. */
  readonly key: string;
  /** Copies on PATH that do not fit. */
  readonly refused: PathLookup["refused"];
  /** What getting it takes on this machine; 0 when it is there. */
  readonly estimateInSeconds: number;
}

export interface ToolchainState {
  readonly pieces: readonly PieceState[];
  readonly missing: readonly PieceState[];
  readonly estimateInSeconds: number;
  /** Tools that the missing pieces need and PATH lacks. */
  readonly missingTools: readonly ("go" | "python3")[];
  readonly cacheDir: string;
}

/** Finds out what is there and what must be got. Builds and fetches nothing. */
export async function inspectToolchain(places: ToolchainPlaces = {}): Promise<ToolchainState> {
  const here = withDefaults(places);
  const { cacheDir, path } = here;
  const states = await Promise.all(pieces.map((piece) => inspectPiece(piece, here)));
  const missing = states.filter(({ found }) => found === "missing");
  const needs = (kind: Piece["recipe"]["kind"]) => missing.some(({ piece }) => piece.recipe.kind === kind);
  return {
    pieces: states,
    missing,
    estimateInSeconds: missing.reduce((sum, { estimateInSeconds }) => sum + estimateInSeconds, 0),
    missingTools: [
      ...(needs("go") && which("go", path) === undefined ? (["go"] as const) : []),
      ...(needs("wheel") && findPython(path) === undefined ? (["python3"] as const) : []),
    ],
    cacheDir,
  };
}

export function withDefaults(places: ToolchainPlaces): Required<ToolchainPlaces> {
  return {
    cacheDir: places.cacheDir ?? defaultCacheDir(),
    recipesDir: places.recipesDir ?? defaultRecipesDir(),
    path: places.path ?? process.env["PATH"] ?? "",
    takesCopiesOnPath: places.takesCopiesOnPath ?? true,
  };
}

export function findPython(path: string): string | undefined {
  return which("python3", path) ?? which("python", path);
}

/** The paths to start, from a state in which nothing is missing. */
export function binariesOf(state: ToolchainState): Binaries {
  const executable = (name: PieceName) => {
    const found = state.pieces.find(({ piece }) => piece.name === name)?.executable;
    if (found === undefined) throw new Error(`${name} is missing from the toolchain`);
    return found;
  };
  const externalSecrets = executable("external-secrets");
  return {
    pulumi: executable("pulumi"),
    kubernetesProvider: executable("pulumi-resource-kubernetes"),
    etcd: executable("etcd"),
    kubeApiserver: executable("kube-apiserver"),
    kubeControllerManager: executable("kube-controller-manager"),
    kubectl: executable("kubectl"),
    externalSecrets,
    externalSecretsDefinitions: join(externalSecrets, "..", "definitions"),
    bao: executable("bao"),
  };
}

async function inspectPiece(piece: Piece, places: Required<ToolchainPlaces>): Promise<PieceState> {
  const key = cacheKey(piece, places.recipesDir);
  const { found, refused } = await lookUpOnPath(places.takesCopiesOnPath ? (piece.onPath ?? []) : [], places);
  if (found !== undefined) {
    return { piece, found: "path", executable: found.path, version: found.version, key, refused, estimateInSeconds: 0 };
  }
  const { version } = piece;
  const folder = findInCache(places.cacheDir, key);
  return folder === undefined
    ? { piece, found: "missing", version, key, refused, estimateInSeconds: secondsHere(piece) }
    : { piece, found: "cache", executable: join(folder, piece.name), version, key, refused, estimateInSeconds: 0 };
}

/** Compiling spreads well over up to eight cores; the estimates were taken on two. */
function secondsHere({ recipe, estimate }: Piece): number {
  if (recipe.kind === "wheel") return estimate.seconds;
  return Math.ceil((estimate.seconds * 2) / Math.min(availableParallelism(), 8));
}
