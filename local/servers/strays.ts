import { readdirSync, readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import { identify, type ProcessIdentity } from "../process-identity.ts";

/** In the environment of every server: whose it is, even when servers.json is lost. */
export const homeVariable = "AMEIDE_SECRETS_SERVER_OF";

/**
 * Servers of this home that no record names: a run was killed between starting one and writing it down, or the file was
 * lost. Linux only; elsewhere they show as busy ports.
 */
export function findStrays(home: LocalHome, recorded: readonly ProcessIdentity[]): readonly ProcessIdentity[] {
  if (process.platform !== "linux") return [];
  const mark = `${homeVariable}=${home.dir}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isGroupLeader(pid) && environmentOf(pid).includes(mark))
    .filter((pid) => !recorded.some((record) => record.pid === pid))
    .flatMap((pid) => identify(pid) ?? []);
}

/** Servers lead their groups; their children do not. */
function isGroupLeader(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2] === String(pid);
  } catch {
    return false;
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // gone, or another user's
  }
}
