import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { UserError } from "../domain/user-error.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What looking at a cluster shows is for its owner's eyes; what is rendered for Git is for everybody's. */
const modes = { private: 0o600, public: 0o644 } as const;

/**
 * Writes what a person asked for to the place that they named; also over a file that others could read until now.
 *
 * @param path - relative to the working folder; a device such as `/dev/stdout` keeps its mode.
 * @throws UserError `output-not-writable` with the system's own code.
 */
export function writeOutput(path: string, text: string, readers: keyof typeof modes = "private"): void {
  try {
    const file = openSync(path, "w", modes[readers]);
    try {
      if (readers === "private" && fstatSync(file).isFile()) fchmodSync(file, modes.private);
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw notWritable(path, error);
  }
}

/** @returns a UserError for a failure of the file system; anything else is our defect and stays as it is. */
export function notWritable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return UserError.of("output-not-writable", `cannot write ${path}: ${code}`, "name a place that you may write to", {
    cause: error,
  });
}

/**
 * Runs with a new folder for its owner alone (0700, a name that nobody can guess), which is gone however this process
 * ends, except by SIGKILL: a signal is an orderly end here (main.ts).
 */
export async function inTemporaryFolder<T>(purpose: string, run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `ameide-secrets-${purpose}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once("exit", remove);
  try {
    return await run(folder);
  } finally {
    process.off("exit", remove);
    remove();
  }
}
