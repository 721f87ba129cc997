import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { UserError } from "../domain/user-error.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** What was read from a cluster is for its owner only; what is rendered for Git is for everybody. */
const modes = { private: 0o600, public: 0o644 } as const;

/**
 * Writes to the file that a person named. An existing file that others could read becomes private, too; a device such
 * as `/dev/stdout` keeps its mode.
 *
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

/** Asynchronous: a synchronous read fails with EAGAIN while the program before the pipe has not written everything yet. */
export function standardInput(): Promise<string> {
  return text(process.stdin);
}

/** @returns a UserError for a failure of the file system, and any other error (a defect of ours) unchanged. */
export function notWritable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return UserError.of("output-not-writable", `cannot write ${path}: ${code}`, "choose a file that you can write", {
    cause: error,
  });
}

/** The folder is removed however this process ends, except by SIGKILL: main.ts turns other signals into an orderly end. */
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
