import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
