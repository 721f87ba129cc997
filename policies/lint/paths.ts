import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { isDotenvFile, isExampleFile } from "../../domain/dotenv/files.ts";
import { UserError } from "../../domain/user-error.ts";
import { environmentNames, type EnvironmentName } from "../../domain/stage.ts";

export interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** Why the file was not read. @default - it was read */
  readonly unread?: string;
}

const skippedFolders = new Set(["node_modules", ".git", ".terraform", "vendor", "__pycache__"]);

/**
 * Files that rules may judge, sorted by name. Follows symbolic links within the named folder and never out of it.
 * @param paths - files and folders; `-` is `piped`, the text of standard input.
 * @throws UserError for a path that does not exist.
 */
export function* sourceFiles(paths: readonly string[], piped = ""): Generator<SourceFile> {
  for (const path of paths) {
    if (path === "-") {
      yield { file: "<stdin>", text: piped };
      continue;
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      const problem = `file or folder "${path}" not found`;
      throw UserError.of("lint-no-such-path", problem, "name one, or - for standard input");
    }
    if (found.isDirectory()) yield* filesIn(path, { root: realpathSync(path), followed: new Set() });
    else yield readSource(path);
  }
}

interface Walk {
  readonly root: string;
  /** Real paths of linked folders: each is followed once, so cycles end. */
  readonly followed: Set<string>;
}

function* filesIn(folder: string, walk: Walk): Generator<SourceFile> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) yield* linked(path, walk);
    else if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* filesIn(path, walk);
    } else if (entry.isFile() && isOurs(entry.name)) yield readSource(path);
  }
}

/** The target of a symbolic link, under the link's own path: overlays share files by links. */
function* linked(path: string, walk: Walk): Generator<SourceFile> {
  const found = statSync(path, { throwIfNoEntry: false });
  const isWanted = found?.isDirectory() === true ? !skippedFolders.has(basename(path)) : isOurs(basename(path));
  if (!isWanted) return;
  if (found === undefined) return yield { file: path, text: "", unread: "is a broken symbolic link" };
  const real = realpathSync(path);
  if (real !== walk.root && !real.startsWith(walk.root + sep)) {
    yield { file: path, text: "", unread: "is a symbolic link out of the folder; add its target to the paths" };
  } else if (!found.isDirectory()) yield readSource(path);
  // a link to a folder above it adds no files
  else if (!walk.followed.has(real) && !`${realpathSync(dirname(path))}${sep}`.startsWith(real + sep)) {
    walk.followed.add(real);
    yield* filesIn(path, walk);
  }
}

function readSource(path: string): SourceFile {
  try {
    return { file: path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { file: path, text: "", unread: `cannot be read (${code})` };
  }
}

function isOurs(name: string): boolean {
  return /\.(?:ya?ml|json)$/.test(name) || name === "Kustomization" || isDotenv(name);
}

/** A file with real values, such as `.env`, `.env.local` or `dev.env`. */
export function isDotenv(file: string): boolean {
  return isDotenvFile(file) && !isExampleFile(file);
}

export function isDotenvExample(file: string): boolean {
  return isDotenvFile(file) && isExampleFile(file);
}

export function isValuesFile(file: string): boolean {
  const [name = "", ...folders] = file.split("/").toReversed();
  return /\.ya?ml$/.test(name) && (name.startsWith("values") || folders.includes("values"));
}

/** The last environment in a path, such as `values/env/dev/x.yaml` or `overlays/production`. */
export function environmentOfPath(file: string): EnvironmentName | undefined {
  const parts = file.split(/[/.]/).map((part) => (part === "production" ? "prod" : part));
  return parts.findLast((part): part is EnvironmentName => (environmentNames as readonly string[]).includes(part));
}
