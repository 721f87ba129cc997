import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Unlike a pid, it is never used again for a later process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly startedAt: string;
}

/**
 * @returns `undefined` without a running process; a zombie counts as none. On Linux `startedAt` is field 22 of
 * `/proc/PID/stat`, in clock ticks since boot, with the boot's id; elsewhere `ps -o lstart`, to the second.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === "linux" ? startOnLinux(pid) : ps(pid, "lstart");
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

export function self(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error("this process has no start time");
  return identity;
}

/** For a message. @returns `undefined` if unreadable. */
export function commandOf(pid: number): string | undefined {
  return process.platform === "linux" ? readProc(pid, "cmdline")?.split("\0").join(" ").trim() : ps(pid, "command");
}

/** Linux only. */
export function allPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** @returns `undefined` if the process has ended or is another user's. */
export function readProc(pid: number, file: "cmdline" | "environ" | "stat" | "status"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** From the third on: the second, the program's name, may contain spaces and brackets. */
export function statFields(pid: number): readonly string[] {
  const stat = readProc(pid, "stat") ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function startOnLinux(pid: number): string | undefined {
  try {
    const fields = statFields(pid);
    const hasEnded = fields[0] === "Z" || fields[0] === "X";
    return fields[19] === undefined || (hasEnded && !hasThreads(pid)) ? undefined : `${bootId()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** A process is a zombie once its first thread has ended, even while other threads still close its ports. */
function hasThreads(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).length > 1;
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined; // no such process
  }
}

/** SIGTERM to the group, then SIGKILL. Does nothing if the process has ended, even if its pid is in use again. */
export async function endProcessGroup(leader: ProcessIdentity, { graceInSeconds = 10 } = {}): Promise<void> {
  if (!isAlive(leader)) return;
  const { pid } = leader;
  signalGroup(pid, "SIGTERM");
  signalGroup(pid, "SIGCONT"); // one that was stopped would not even see it
  await until(() => !isAlive(leader), graceInSeconds);
  // the group exists as long as any member, so this also ends the children of a leader that has ended
  signalGroup(pid, "SIGKILL");
  await until(() => !isAlive(leader), 5);
  await until(() => !signalGroup(pid, 0), 0.3); // no longer: one that nobody reaps counts as there for ever
}

async function until(isDone: () => boolean, inSeconds: number): Promise<void> {
  const deadline = performance.now() + inSeconds * 1000;
  while (!isDone() && performance.now() < deadline) await sleep(10);
}

/** @returns false if the group has no member. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
