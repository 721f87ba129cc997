import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import type { PathCandidate, Version } from "./pieces.ts";

const run = promisify(execFile);

export interface PathLookup {
  /** The first that fits. */
  readonly found?: { readonly path: string; readonly version: string };
  /** Those that do not fit, for a message. */
  readonly refused: readonly { readonly path: string; readonly version?: string; readonly wants: string }[];
}

/** An executable takes up to a second to print its version, so the cache keeps the answer until the file changes. */
export async function lookUpOnPath(
  candidates: readonly PathCandidate[],
  options: { readonly path: string; readonly cacheDir: string },
): Promise<PathLookup> {
  const refused: PathLookup["refused"][number][] = [];
  for (const candidate of candidates) {
    const path = which(candidate.command, options.path);
    if (path === undefined) continue;
    const version = await versionOf(path, candidate, options.cacheDir);
    if (version !== undefined && candidate.accepts(parseVersion(version))) return { found: { path, version }, refused };
    refused.push({ path, wants: candidate.wants, ...(version === undefined ? {} : { version }) });
  }
  return { refused };
}

/** Absolute path of the first such executable; relative folders of PATH are ignored. */
export function which(command: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const candidate = join(folder, command);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

export function parseVersion(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split(".").map(Number);
  return [major, minor, patch];
}

async function versionOf(path: string, candidate: PathCandidate, cacheDir: string): Promise<string | undefined> {
  const memory = join(cacheDir, `version-of-${candidate.command}.json`);
  const real = realpathSync(path);
  const { mtimeMs, size } = statSync(real);
  const identity = [real, mtimeMs, size].join(" ");
  const remembered = readMemory(memory);
  if (remembered?.identity === identity) return remembered.version;

  const version = await askVersion(path, candidate);
  if (version !== undefined) {
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(memory, JSON.stringify({ identity, version }));
  }
  return version;
}

function readMemory(file: string): { readonly identity: string; readonly version: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { identity: string; version: string };
  } catch {
    return undefined; // never asked, or cut off: asked again
  }
}

/** @returns `undefined` without an answer in 5 s or for other output, such as that of a shim without its program. */
async function askVersion(path: string, candidate: PathCandidate): Promise<string | undefined> {
  try {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { stdout, stderr } = await run(path, [...candidate.versionArguments], { timeout: 5000, env });
    return candidate.versionPattern.exec(`${stdout}\n${stderr}`)?.[1];
  } catch {
    return undefined;
  }
}
