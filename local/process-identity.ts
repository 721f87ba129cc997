import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that cannot be mistaken for a later one with the same number: pids are used again, pid and start are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly startedAt: string;
}

/**
 * Identity of a running process, or `undefined` when there is none (one that has ended and is not reaped counts as none).
 *
 * Linux: field 22 of `/proc/PID/stat`, clock ticks since boot, with the boot's id, since ticks begin again at a reboot.
 * Elsewhere: `ps -o lstart`, to the second.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === "linux" ? startOnLinux(pid) : ps(pid, "lstart");
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether the very process that was recorded still runs. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

/** This process. */
export function self(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error("this process has no start time");
  return identity;
}

/** Program and arguments of a process for a message, or `undefined` where they cannot be read. */
export function commandOf(pid: number): string | undefined {
  return process.platform === "linux" ? readProc(pid, "cmdline")?.split("\0").join(" ").trim() : ps(pid, "command");
}

/** Of all processes; Linux only. */
export function allPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What `/proc` says of a process; `undefined` where it is gone, or another user's. */
export function readProc(pid: number, file: "cmdline" | "environ" | "stat" | "status"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** Fields of `/proc/PID/stat` from the third. The program's name before them may contain spaces and brackets. */
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

/** If the first thread of a process has ended, it is a zombie while other threads still close its ports. */
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

/**
 * Ends a process that leads a group, and its children: SIGTERM to the group, SIGKILL to what is left when its time is up. A
 * process that has ended is not an error; another one with its number is left alone.
 */
export async function endProcessGroup(leader: ProcessIdentity, { graceInSeconds = 10 } = {}): Promise<void> {
  if (!isAlive(leader)) return;
  const { pid } = leader;
  signalGroup(pid, "SIGTERM");
  signalGroup(pid, "SIGCONT"); // one that was stopped would not even see it
  await until(() => !isAlive(leader), graceInSeconds);
  // a group lives as long as any of its members, and its number with it: children of a leader that ended go too
  signalGroup(pid, "SIGKILL");
  await until(() => !isAlive(leader), 5);
  await until(() => !signalGroup(pid, 0), 0.3); // no longer: one that nobody reaps counts as there for ever
}

async function until(isDone: () => boolean, inSeconds: number): Promise<void> {
  const deadline = performance.now() + inSeconds * 1000;
  while (!isDone() && performance.now() < deadline) await sleep(10);
}

/** @returns false where the group has no member any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
