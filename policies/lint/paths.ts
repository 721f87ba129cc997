import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDotenvFile, isExampleFile } from "../../domain/dotenv/file-names.ts";
import { UserError } from "../../domain/user-error.ts";
import { environmentNames, type EnvironmentName } from "../../domain/stage.ts";

export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

const skippedFolders = new Set(["node_modules", ".git", ".terraform", "vendor", "__pycache__"]);

/** Files below the paths that may hold what rules look at, in the order of their names. @throws UserError for no such path */
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
    if (found.isDirectory()) yield* filesIn(path);
    else yield { file: path, text: readFileSync(path, "utf8") };
  }
}

function* filesIn(folder: string): Generator<SourceFile> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* filesIn(path);
    } else if (entry.isFile() && isOurs(entry.name)) yield { file: path, text: readFileSync(path, "utf8") };
  }
}

function isOurs(name: string): boolean {
  return /\.(?:ya?ml|json)$/.test(name) || isDotenv(name);
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
  return /(?:^|\/)values[^/]*\.ya?ml$|(?:^|\/)values\/.+\.ya?ml$/.test(file);
}

/** The environment that a path names, such as `values/env/dev/x.yaml` or `overlays/production`; the last one wins. */
export function environmentOfPath(file: string): EnvironmentName | undefined {
  const parts = file.split(/[/.]/).map((part) => (part === "production" ? "prod" : part));
  return parts.findLast((part): part is EnvironmentName => (environmentNames as readonly string[]).includes(part));
}
