import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { commandOf, identify, isAlive, self } from "../../local/process-identity.ts";

describe("identify", () => {
  it("is the same for a process as long as it runs", () => {
    assert.deepEqual(identify(process.pid), self());
  });

  it("is another for another process", () => {
    assert.notDeepEqual(identify(process.ppid), self());
  });

  it("differs from a later process with the same number by its start time", () => {
    const child = spawn("sleep", ["60"]);
    const later = identify(child.pid ?? 0)?.startedAt;
    child.kill("SIGKILL");
    assert.ok(later !== undefined && later !== self().startedAt);
  });

  it("is undefined if no process has the number", () => {
    assert.equal(identify(2 ** 30), undefined);
  });
});

describe("isAlive", () => {
  it("is false once the process has ended", async () => {
    const child = spawn("sleep", ["60"]);
    const identity = identify(child.pid ?? 0);
    assert.ok(identity !== undefined);
    assert.equal(isAlive(identity), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(isAlive(identity), false);
  });

  it("is false for a process with the number of one that ended", () => {
    assert.equal(isAlive({ pid: process.pid, startedAt: "earlier" }), false);
  });
});

describe("commandOf", () => {
  it("is program and arguments", () => {
    assert.match(commandOf(process.pid) ?? "", /mocha/);
  });
});
