import { readdirSync, readFileSync, statSync, type Dirent } from "node:fs";
import { join } from "node:path";

/** Paths of the files below a folder. Servers write and remove files all the time: what goes meanwhile is left out. */
export function filesIn(dir: string): readonly string[] {
  return entriesOf(dir).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
  });
}

/** Those of them that others than their owner may read, change or run. */
export function openToOthers(files: readonly string[]): readonly string[] {
  return files.filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
}

/** `""` if it is gone. */
export function textOf(path: string): string {
  return unlessGone(() => readFileSync(path, "utf8")) ?? "";
}

function entriesOf(dir: string): readonly Dirent[] {
  return unlessGone(() => readdirSync(dir, { withFileTypes: true })) ?? [];
}

/** ESRCH is what /proc says of a process that ends in this moment. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
