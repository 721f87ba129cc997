import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { identify, isAlive, type ProcessIdentity, endProcessGroup } from "../../local/process-identity.ts";

describe("endProcessGroup", () => {
  const started: ProcessIdentity[] = [];

  afterEach(() => {
    for (const { pid } of started.splice(0).filter(isAlive)) process.kill(-pid, "SIGKILL");
  });

  /** A group of two: a shell that prints the number of its child. */
  async function startGroup(
    script: string,
  ): Promise<{ readonly leader: ProcessIdentity; readonly child: ProcessIdentity }> {
    const shell = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    const [printed] = (await once(shell.stdout, "data")) as [Buffer];
    const leader = identify(shell.pid ?? 0);
    const child = identify(Number(printed.toString()));
    assert.ok(leader !== undefined && child !== undefined);
    started.push(leader);
    return { leader, child };
  }

  it("ends the leader and its children", async () => {
    const { leader, child } = await startGroup("sleep 60 & echo $!; wait");
    await endProcessGroup(leader);
    assert.deepEqual([isAlive(leader), isAlive(child)], [false, false]);
  });

  it("kills a process that does not end in time after SIGTERM", async () => {
    const { leader } = await startGroup("trap '' TERM; sleep 60 & echo $!; while :; do wait; done");
    await endProcessGroup(leader, { graceInSeconds: 0.2 });
    assert.equal(isAlive(leader), false);
  });

  it("kills children that outlive their leader", async () => {
    const { leader, child } = await startGroup("(trap '' TERM; exec sleep 60) & echo $!; trap 'exit 0' TERM; wait");
    await endProcessGroup(leader);
    assert.deepEqual([isAlive(leader), isAlive(child)], [false, false]);
  });

  it("does not touch a group whose leader only has the same number", async () => {
    const { leader, child } = await startGroup("sleep 60 & echo $!; wait");
    await endProcessGroup({ pid: leader.pid, startedAt: "earlier" });
    assert.deepEqual([isAlive(leader), isAlive(child)], [true, true]);
  });
});
