import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { isDotenvFile, isExampleFile } from "../../domain/dotenv/files.ts";
import { UserError } from "../../domain/user-error.ts";
import { environmentNames, type EnvironmentName } from "../../domain/stage.ts";

export interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** Why the file was not read. @default - it was */
  readonly unread?: string;
}

const skippedFolders = new Set(["node_modules", ".git", ".terraform", "vendor", "__pycache__"]);

/**
 * Files below the paths that rules may look at, in the order of their names. Symbolic links are followed inside the folder
 * that was named and never out of it.
 *
 * @throws UserError for a path that does not exist.
 */
export function* sourceFiles(paths: readonly string[]): Generator<SourceFile> {
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      throw UserError.of(
        "lint-no-such-path",
        `there is no file or folder "${path}"`,
        "name one, or - for standard input",
      );
    }
    if (found.isDirectory()) yield* filesIn(path, { root: realpathSync(path), followed: new Set() });
    else yield readSource(path);
  }
}

interface Walk {
  /** Real path of the folder that was named. */
  readonly root: string;
  /** Real paths of the folders that links have led to: each is followed once, so links in circles end. */
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

/** What a symbolic link leads to, under the link's own path: overlays share files by links. */
function* linked(path: string, walk: Walk): Generator<SourceFile> {
  const found = statSync(path, { throwIfNoEntry: false });
  const isWanted = found?.isDirectory() === true ? !skippedFolders.has(basename(path)) : isOurs(basename(path));
  if (!isWanted) return;
  if (found === undefined) {
    yield { file: path, text: "", unread: "is a symbolic link to nothing" };
    return;
  }
  const real = realpathSync(path);
  if (real !== walk.root && !real.startsWith(walk.root + sep)) {
    yield { file: path, text: "", unread: "is a symbolic link out of the folder; name what it leads to as well" };
  } else if (!found.isDirectory()) yield readSource(path);
  // a link to a folder above it leads to what is read anyway
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

/** A file of variables with values that are meant, such as `.env`, `.env.local` or `dev.env`. */
export function isDotenv(file: string): boolean {
  return isDotenvFile(file) && !isExampleFile(file);
}

/** A file of variables with sample values, such as `.env.example`. */
export function isDotenvExample(file: string): boolean {
  return isDotenvFile(file) && isExampleFile(file);
}

/** A file of settings for a chart, which no rule of manifests would look at. */
export function isValuesFile(file: string): boolean {
  const [name = "", ...folders] = file.split("/").toReversed();
  return /\.ya?ml$/.test(name) && (name.startsWith("values") || folders.includes("values"));
}

/** The environment that a path names, such as `values/env/dev/x.yaml` or `overlays/production`; the last one wins. */
export function environmentOfPath(file: string): EnvironmentName | undefined {
  const parts = file.split(/[/.]/).map((part) => (part === "production" ? "prod" : part));
  return parts.findLast((part): part is EnvironmentName => (environmentNames as readonly string[]).includes(part));
}
