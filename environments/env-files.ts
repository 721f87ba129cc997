import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { DotenvFile } from "../domain/dotenv/files.ts";
import { errorFinding } from "../domain/finding.ts";
import { UserError } from "../domain/user-error.ts";
import { gitTracks } from "./git-tracked.ts";

/** Read in this order, as in document 451; a later file overrides an earlier one. */
export const defaultEnvFiles = [".env", ".env.local"] as const;

/**
 * Reads `.env` files, by default `.env` and `.env.local` if they exist, with what git and the file system say of them.
 * @throws UserError if a file that was named does not exist.
 */
export function readEnvFiles(root: string, paths: readonly string[] | undefined): readonly DotenvFile[] {
  const wanted = paths ?? defaultEnvFiles.filter((path) => existsSync(resolve(root, path)));
  const missing = wanted.filter((path) => !existsSync(resolve(root, path)));
  if (missing.length > 0) {
    const findings = missing.map((path) => {
      const fix = `cp .env.example ${isAbsolute(path) ? path : `./${path}`}, set real values, and chmod 600 it`;
      return errorFinding("dotenv-file-missing", "dotenv", path, `file ${path} not found`, fix, path);
    });
    throw UserError.from(findings);
  }
  return wanted.map((path) => {
    const full = resolve(root, path);
    return {
      path,
      text: readFileSync(full, "utf8"),
      tracked: gitTracks(full),
      mode: statSync(full).mode & 0o777,
    };
  });
}
