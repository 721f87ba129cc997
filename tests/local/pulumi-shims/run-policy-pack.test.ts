import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../../../environments/repository.ts";

const shim = join(repositoryRoot, "local", "pulumi-shims", "run-policy-pack.mjs");

/** Plays the engine: starts the pack, prints its process id and its port, and waits to be killed. */
const engine = `
  const child = require("node:child_process").spawn(process.execPath, [process.argv[1], "127.0.0.1:1", "."], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.on("data", (port) => console.log(JSON.stringify({ pid: child.pid, port: Number(port) })));
  setInterval(() => undefined, 1000);
`;

describe("run-policy-pack", function () {
  this.timeout(60_000);

  it("prints the port of the pack for the engine, and ends when the engine is killed", async () => {
    const parent = spawn(process.execPath, ["--eval", engine, shim], {
      cwd: join(repositoryRoot, "policies"),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    const { pid, port } = JSON.parse(line) as { pid: number; port: number };
    assert.ok(Number.isInteger(port) && port > 0);
    assert.equal(isAlive(pid), true);

    const gone = once(parent, "exit");
    parent.kill("SIGKILL");
    await gone;
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 100));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
