import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { GitAnswer } from "../domain/dotenv/files.ts";
import { shellWord } from "../domain/shell-word.ts";
import { readGitIndex, type GitIndex, type HashLength } from "./git-index.ts";

/**
 * Whether git tracks a file, or the file that a link points to. Outside a repository the answer is no. An index that
 * cannot be read proves nothing: the answer is then a problem and its fix.
 *
 * Reads git's files and never runs git: a repository's configuration names commands that git runs (`core.fsmonitor`,
 * filters, hooks), and the folder may come from a pull request. `GIT_DIR` and its kin say nothing about this folder.
 *
 * @param path - absolute; the file exists.
 */
export function gitTracks(path: string): GitAnswer {
  const inItsFolder = join(realpathSync(dirname(path)), basename(path));
  const answers = [...new Set([inItsFolder, realpathSync(path)])].map(isTracked);
  return answers.find((answer) => answer === true) ?? answers.find((answer) => answer !== false) ?? false;
}

interface Repository {
  /** Root of the work tree. */
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
    return unreadable(error as NodeJS.ErrnoException, repository);
  }
}

function unreadable({ syscall, code, path, message }: NodeJS.ErrnoException, repository?: Repository): GitAnswer {
  if (syscall !== undefined || repository === undefined) {
    return { problem: `cannot read ${path}: ${code ?? message}`, fix: `make it readable for you: ${path}` };
  }
  const index = join(repository.gitDir, "index");
  return {
    problem: `${index} cannot be read: ${message}`,
    fix: `write it again, if you trust this repository: rm ${shellWord(index)} && git -C ${shellWord(repository.root)} reset`,
  };
}

/**
 * The innermost repository with a work tree around the folder. A bare repository has none: a folder that looks like one
 * may itself be committed to the repository around it.
 */
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
  try {
    return readGitIndex(readFileSync(file), hashLength);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The repository's configuration says it; a worktree's is in its common folder. */
function hashLengthOf(gitDir: string): HashLength {
  const common = readText(join(gitDir, "commondir"))?.trimEnd() ?? ".";
  const config = readText(join(resolve(gitDir, common), "config")) ?? "";
  return /^[ \t]*objectformat[ \t]*=[ \t]*"?sha256/im.test(config) ? 32 : 20;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
