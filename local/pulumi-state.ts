import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../domain/user-error.ts";
import type { LocalHome } from "./home.ts";

function filesOf({ pulumi }: Pick<LocalHome, "pulumi">) {
  const of = (folder: string) => join(pulumi.stateDir, ".pulumi", folder, "ameide-secrets");
  return { state: join(of("stacks"), "local.json"), history: join(of("history"), "local") };
}

/**
 * Replaces an incomplete state file (after a full disk, say) by the newest complete one: the copy before the last
 * write, or that of the last update. `up` finds later changes again. Call it while the home is locked and no engine
 * runs.
 *
 * @returns the file that was used, or `none` if there is no complete one; `undefined` if nothing was wrong.
 */
export function restoreState(home: Pick<LocalHome, "pulumi">): string | undefined {
  const { state, history } = filesOf(home);
  if (!existsSync(state) || readState(state) !== undefined) return undefined;
  const nanoseconds = (file: string) => BigInt(/-(\d+)\.checkpoint\.json$/.exec(file)?.[1] ?? 0);
  const kept = existsSync(history) ? readdirSync(history).filter((file) => file.endsWith(".checkpoint.json")) : [];
  const newestFirst = kept.toSorted((a, b) => (nanoseconds(a) < nanoseconds(b) ? 1 : -1));
  const candidates = [`${state}.bak`, ...newestFirst.map((file) => join(history, file))];
  const whole = candidates.find((file) => existsSync(file) && readState(file) !== undefined);
  for (const suffix of ["", ".attrs"]) {
    rmSync(`${state}${suffix}`, { force: true });
    if (whole !== undefined && existsSync(`${whole}${suffix}`)) copyFileSync(`${whole}${suffix}`, `${state}${suffix}`);
  }
  return whole ?? "none";
}

/** Whether an update has created anything in Vault; true for an unreadable state. */
export function hasVaultObjects(home: Pick<LocalHome, "pulumi">): boolean {
  const { state } = filesOf(home);
  if (!existsSync(state)) return false;
  const resources = readState(state)?.latest?.resources;
  return resources === undefined || resources.some(({ type }) => type.startsWith("vault:"));
}

interface Checkpoint {
  readonly latest?: { readonly resources?: readonly { readonly type: string }[] };
}

/** @returns `undefined` for an incomplete file: it is not JSON, or empty. */
function readState(file: string): Checkpoint | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly checkpoint?: Checkpoint } | null)?.checkpoint;
  } catch {
    return undefined;
  }
}

/**
 * Pulumi's file backend keeps a record and a copy of the state for each update and never removes one. Call it while the
 * home is locked and no engine runs.
 *
 * @param kept - per stack. @default 20
 */
export function pruneUpdateHistory({ pulumi }: Pick<LocalHome, "pulumi">, kept = 20): void {
  const history = join(pulumi.stateDir, ".pulumi", "history");
  if (!existsSync(history)) return;
  const files = readdirSync(history, { recursive: true, encoding: "utf8" });
  // <project>/<stack>/<stack>-<nanoseconds>.history.json, .checkpoint.json; compressed or with attributes, more
  const updates = Map.groupBy(files, (file) => /^(.*-\d{10,})\.(?:history|checkpoint)\.[^/]*$/.exec(file)?.[1]);
  const stacks = Map.groupBy(
    [...updates.keys()].filter((update) => update !== undefined),
    (update) => update.slice(0, update.lastIndexOf("-")),
  );
  for (const ofStack of stacks.values()) {
    const old = ofStack.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, -kept);
    for (const file of old.flatMap((update) => updates.get(update) ?? [])) rmSync(join(history, file));
  }
}

/** Of etcd, OpenBao and the state in one start, with a reserve. */
const neededInMegabytes = 300;

/**
 * @param free - free space for this user, in megabytes. @default - of the disk that contains the folder
 * @throws UserError `disk-full` before anything is started that would fail in the middle of a write.
 */
export function requireSpace({ dir }: Pick<LocalHome, "dir">, free: number = freeMegabytes(dir)): void {
  if (free >= neededInMegabytes) return;
  throw UserError.of(
    "disk-full",
    `the disk of ${dir} has ${free} MB left, and a start needs ${neededInMegabytes} MB`,
    `free space there (df -h ${dir}), or use a folder on another disk with --home`,
  );
}

function freeMegabytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return Math.floor((bavail * bsize) / 1_000_000);
}
