import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "../process-identity.ts";

/**
 * Ends a server and its children: SIGTERM to the group, SIGKILL to what is left when its time is up. A process that has
 * ended already is no error; one that merely bears its number is left alone.
 */
export async function endProcessGroup(leader: ProcessIdentity, { graceInSeconds = 10 } = {}): Promise<void> {
  if (!isAlive(leader)) return;
  signalGroup(leader.pid, "SIGTERM");
  const deadline = performance.now() + graceInSeconds * 1000;
  while (isAlive(leader) && performance.now() < deadline) await sleep(20);
  // a group lives as long as any of its members, and its number with it: children of a leader that ended go too
  signalGroup(leader.pid, "SIGKILL");
  while (isAlive(leader)) await sleep(10);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
