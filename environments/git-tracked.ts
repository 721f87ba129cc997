import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { GitAnswer } from "../domain/dotenv/files.ts";
import { shellWord } from "../domain/safe-text.ts";

/**
 * Whether git tracks a file, or the file that a link points to. An index that cannot be read proves nothing: the answer
 * is then a problem and its fix. Never runs git: a repository's configuration names commands that git runs, and the
 * folder may come from a pull request.
 */
export function gitTracks(path: string): GitAnswer {
  const inItsFolder = join(realpathSync(dirname(path)), basename(path));
  const answers = [...new Set([inItsFolder, realpathSync(path)])].map(isTracked);
  return answers.find((answer) => answer === true) ?? answers.find((answer) => answer !== false) ?? false;
}

interface Repository {
  readonly root: string;
  /** Holds the index of this work tree. */
  readonly gitDir: string;
}

function isTracked(file: string): GitAnswer {
  let repository: Repository | undefined;
  try {
    repository = repositoryOf(dirname(file));
    if (repository === undefined) return false;
    return find(relative(repository.root, file).split(sep).join("/"), repository);
  } catch (error) {
    const { syscall, code, path, message } = error as NodeJS.ErrnoException;
    if (syscall !== undefined || repository === undefined) {
      return { problem: `cannot read ${path}: ${code ?? message}`, fix: `make it readable for you: ${path}` };
    }
    const index = join(repository.gitDir, "index");
    return {
      problem: `${index} cannot be read: ${message}`,
      fix: `write it again, if you trust this repository: rm ${shellWord(index)} && git -C ${shellWord(repository.root)} reset`,
    };
  }
}

/** The innermost repository with a work tree; a bare one may itself be committed to the one around it. */
function repositoryOf(folder: string): Repository | undefined {
  const gitDir = gitDirOf(folder);
  if (gitDir !== undefined) return { root: folder, gitDir };
  const above = dirname(folder);
  return above === folder ? undefined : repositoryOf(above);
}

function gitDirOf(folder: string): string | undefined {
  const entry = join(folder, ".git");
  const stat = statSync(entry, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return statSync(join(entry, "HEAD"), { throwIfNoEntry: false }) && entry;
  if (stat?.isFile() !== true) return undefined;
  // a worktree's or a submodule's
  const target = readFileSync(entry, "utf8").replace(/^gitdir: /, "");
  return resolve(folder, target.trimEnd());
}

function find(path: string, { root, gitDir }: Repository): GitAnswer {
  const hashLength = hashLengthOf(gitDir);
  const index = readIndex(join(gitDir, "index"), hashLength);
  if (index === undefined) return false;
  if (index.paths.has(path)) return true;
  if (index.collapsed.some((folder) => path.startsWith(folder))) {
    return {
      problem: `${join(gitDir, "index")} is sparse and does not list the files of that folder`,
      fix: `git -C ${shellWord(root)} sparse-checkout reapply --no-sparse-index`,
    };
  }
  if (index.base === undefined) return false;
  const base = readIndex(join(gitDir, `sharedindex.${index.base}`), hashLength);
  if (base === undefined) throw new Error(`sharedindex.${index.base} is missing`);
  if (!base.paths.has(path)) return false;
  return {
    problem: `${join(gitDir, "index")} is split, so that git may or may not have removed the file from it`,
    fix: `git -C ${shellWord(root)} update-index --no-split-index`,
  };
}

/** `undefined` where there is none: nothing was ever added. */
function readIndex(file: string, hashLength: HashLength): GitIndex | undefined {
  const bytes = readIfExists(file);
  return bytes && readGitIndex(bytes, hashLength);
}

/** The repository's configuration says it; a worktree's is in its common folder. */
function hashLengthOf(gitDir: string): HashLength {
  const common = readIfExists(join(gitDir, "commondir"))?.toString().trimEnd() ?? ".";
  const config = readIfExists(join(resolve(gitDir, common), "config"))?.toString() ?? "";
  return /^[ \t]*objectformat[ \t]*=[ \t]*"?sha256/im.test(config) ? 32 : 20;
}

function readIfExists(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What git's index says. @see https://git-scm.com/docs/index-format */
export interface GitIndex {
  /** Relative to the root of the work tree, with `/`. */
  readonly paths: ReadonlySet<string>;
  /** Folders of a sparse index, each with `/` at its end: git tracks files in them, and the index does not list these. */
  readonly collapsed: readonly string[];
  /** Name of the file `sharedindex.<name>` that a split index builds on. */
  readonly base?: string;
}

/** Bytes of an object's name: 20 for SHA-1, 32 for SHA-256. */
export type HashLength = 20 | 32;

/** Times, device, inode, mode, owner and size; the object's name follows. */
const statLength = 40;
const modeOffset = 24;
const extendedFlag = 0x4000;
const folderMode = 0o040_000;

/** Reads an index of version 2, 3 or 4. @throws RangeError if it is damaged; Error if it needs an unknown extension. */
export function readGitIndex(bytes: Buffer, hashLength: HashLength): GitIndex {
  const version = bytes.readUInt32BE(4);
  if (bytes.toString("latin1", 0, 4) !== "DIRC") throw new RangeError("it does not begin with DIRC");
  if (version < 2 || version > 4) throw new Error(`its version ${version} is unknown`);
  const paths = new Set<string>();
  const collapsed: string[] = [];
  let at = 12;
  let path = Buffer.alloc(0);
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const start = at;
    const mode = bytes.readUInt32BE(at + modeOffset);
    const flags = bytes.readUInt16BE(at + statLength + hashLength);
    at += statLength + hashLength + ((flags & extendedFlag) === 0 ? 2 : 4);
    const prefix = version === 4 ? readPrefix(bytes, at, path) : { kept: path.subarray(0, 0), at };
    const end = bytes.indexOf(0, prefix.at);
    if (end < 0) throw new RangeError("a path has no end");
    path = Buffer.concat([prefix.kept, bytes.subarray(prefix.at, end)]);
    // versions 2 and 3 fill an entry up to eight bytes, with at least one zero
    at = version === 4 ? end + 1 : start + Math.ceil((end + 1 - start) / 8) * 8;
    if (mode === folderMode) collapsed.push(path.toString());
    else paths.add(path.toString());
  }
  const base = readExtensions(bytes, at, hashLength);
  return { paths, collapsed, ...(base === undefined ? {} : { base }) };
}

/** Version 4 says how many bytes of the path before it an entry drops, and appends the rest. */
function readPrefix(bytes: Buffer, start: number, previous: Buffer): { readonly kept: Buffer; readonly at: number } {
  let at = start;
  let byte = bytes.readUInt8(at++);
  let dropped = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(at++);
    dropped = (dropped + 1) * 0x80 + (byte & 0x7f);
  }
  if (dropped > previous.length) throw new RangeError("a path drops more than there is");
  return { kept: previous.subarray(0, previous.length - dropped), at };
}

/** @returns the base of a split index. An extension with a name that begins with a small letter must be understood. */
function readExtensions(bytes: Buffer, start: number, hashLength: HashLength): string | undefined {
  let base: string | undefined;
  let at = start;
  while (at < bytes.length - hashLength) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32BE(at + 4);
    const content = bytes.subarray(at + 8, at + 8 + size);
    if (name === "link") base = content.toString("hex", 0, hashLength);
    else if (name !== "sdir" && /^[a-z]/.test(name)) throw new Error(`its extension "${name}" is unknown`);
    at += 8 + size;
  }
  if (at !== bytes.length - hashLength) throw new RangeError("it ends too early");
  return base;
}
