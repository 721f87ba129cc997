import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writePrivateFile } from "./private-file.ts";
import type { LocalHome } from "./home.ts";

/** The files that a start reads where none are named, and no start of the home named others. */
const samples = [".env.example"];

/**
 * Which files a start reads: those that are named, else those of the last start. A start without names must not put the
 * samples over real values.
 */
export function dotenvOf(home: LocalHome, named: readonly string[] | undefined): readonly string[] {
  if (named !== undefined) return named;
  const file = fileOf(home);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly string[]) : samples;
}

/** @param files - relative to `root`; another checkout may start the home the next time. */
export function rememberDotenv(home: LocalHome, root: string, files: readonly string[]): void {
  const isDefault = files.length === 1 && files[0] === samples[0];
  writePrivateFile(fileOf(home), JSON.stringify(isDefault ? samples : files.map((path) => resolve(root, path))));
}

function fileOf({ dir }: LocalHome): string {
  return join(dir, "dotenv.json");
}
