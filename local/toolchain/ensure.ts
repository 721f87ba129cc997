import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tryLock, type Lock } from "../lock.ts";
import { clearAbandonedBuilds, makeBuildDir, publish, removeBuildDir } from "./cache.ts";
import {
  binariesOf,
  inspectToolchain,
  withDefaults,
  type PieceState,
  type ToolchainPaths,
  type ToolchainState,
} from "./inspect.ts";
import { pieces, type Binaries, type PieceName } from "./pieces.ts";
import { findBuilders, type Builders } from "./prerequisites.ts";
import { followRecipe } from "./recipes.ts";

export interface EnsureOptions extends ToolchainPaths {
  /** Called at the start and end of a piece and every 15 s: `3/7 etcd 3.6.1: building, 65 s of about 226 s`. */
  readonly onProgress?: (line: string) => void;
  /** Ends the current build; finished pieces stay in the cache. */
  readonly signal?: AbortSignal;
}

/**
 * Downloads or builds what is missing; later runs find it in the cache. A second process waits for the first. Fitting
 * versions on PATH are used.
 *
 * @throws UserError before any build if Go or Python is missing; or with the log of a failed build.
 */
export async function ensureToolchain(options: EnsureOptions = {}): Promise<Binaries> {
  const all = pieces.map(({ name }) => name);
  return binariesOf(await ensurePieces(all, options));
}

/** For some of the pieces; others may be missing in the result. @throws UserError as {@link ensureToolchain} does. */
export async function ensurePieces(names: readonly PieceName[], options: EnsureOptions = {}): Promise<ToolchainState> {
  const { cacheDir } = withDefaults(options);
  const before = await inspectToolchain(options);
  const missingOf = ({ missing }: ToolchainState) => missing.filter(({ piece }) => names.includes(piece.name));
  if (missingOf(before).length === 0) return before;

  await findBuilders(missingOf(before), withDefaults(options));
  mkdirSync(join(cacheDir, "logs"), { recursive: true });
  const lock = await waitForLock(join(cacheDir, "lock"), options);
  try {
    await clearAbandonedBuilds(cacheDir);
    const missing = missingOf(await inspectToolchain(options)); // another process may have been faster
    const builders = await findBuilders(missing, withDefaults(options));
    for (const [index, state] of missing.entries()) {
      await get(state, `${index + 1}/${missing.length}`, builders, options);
    }
  } finally {
    lock.release();
  }
  return inspectToolchain(options);
}

async function get(
  { piece, key, estimateInSeconds }: PieceState,
  place: string,
  builders: Builders,
  options: EnsureOptions,
): Promise<void> {
  const { cacheDir, recipesDir } = withDefaults(options);
  const startedAt = performance.now();
  const elapsed = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const how = piece.recipe.kind === "go" ? "building" : "fetching";
  const about = `about ${estimateInSeconds} s`;
  const report = (text: string) => options.onProgress?.(`${place} ${piece.name} ${piece.version}: ${text}`);

  options.signal?.throwIfAborted();
  report(`${how}, ${about}`);
  const reporting = setInterval(() => report(`${how}, ${elapsed()} of ${about}`), 15_000);
  const scratch = makeBuildDir(cacheDir);
  const finished = join(scratch, "finished");
  const logFile = join(cacheDir, "logs", `${piece.name}.log`);
  rmSync(logFile, { force: true });
  try {
    await followRecipe({ piece, recipesDir, scratch, finished, logFile, builders, signal: options.signal });
    publish(finished, cacheDir, key);
  } finally {
    clearInterval(reporting);
    removeBuildDir(scratch);
  }
  report(`done in ${elapsed()}`);
}

async function waitForLock(path: string, { onProgress, signal }: EnsureOptions): Promise<Lock> {
  for (;;) {
    const lock = tryLock(path);
    if (!("heldBy" in lock)) return lock;
    onProgress?.(`waiting for process ${lock.heldBy.pid}, which is already building the toolchain`);
    await sleep(1000, undefined, signal && { signal });
  }
}
