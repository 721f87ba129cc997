import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

/**
 * Ends a process that leads a group, and its children: SIGTERM to the group, SIGKILL to what is left when its time is up. A process that has
 * ended already is no error; one that merely bears its number is left alone.
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
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
