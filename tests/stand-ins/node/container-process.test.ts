import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, type ProcessIdentity } from "../../../local/process-identity.ts";
import { readStoredLog } from "../../../stand-ins/node/container-log.ts";
import { killLeftover, logFile, startContainer } from "../../../stand-ins/node/container-process.ts";
import type { Container } from "../../../stand-ins/node/pod.ts";

describe("startContainer", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const start = (script: string, container: Partial<Container> = {}, environment: Record<string, string> = {}) =>
    startContainer(
      dir,
      0,
      { name: "main", ...container },
      {
        argv: [process.execPath, "-e", script],
        environment,
        workingDir: join(dir, "work"),
        terminationFile: join(dir, "termination-log"),
      },
    );

  it("returns the exit code, and Completed for 0", async () => {
    const good = await (await start("")).ended;
    assert.deepEqual([good.exitCode, good.reason], [0, "Completed"]);
    const bad = await (await start("process.exit(23)")).ended;
    assert.deepEqual([bad.exitCode, bad.reason], [23, "Error"]);
  });
  it("returns 128 plus the signal's number for a killed process", async () => {
    const run = await start("setInterval(() => {}, 1000)");
    run.signal("SIGKILL");
    const { exitCode, signal } = await run.ended;
    assert.deepEqual([exitCode, signal], [137, 9]);
  });
  it("ends with StartError for a missing program", async () => {
    const run = await startContainer(
      dir,
      0,
      { name: "main" },
      {
        argv: ["/no/such/program"],
        environment: {},
        workingDir: dir,
        terminationFile: join(dir, "termination-log"),
      },
    );
    assert.equal((await run.ended).reason, "StartError");
  });
  it("passes only the given environment", async () => {
    const run = await start("console.log(JSON.stringify(process.env))", {}, { ONLY: "this" });
    await run.ended;
    assert.deepEqual(JSON.parse((await linesOf(dir)).join("")), { ONLY: "this" });
  });
  it("reports the termination file, and the end of the log only if requested after a failure", async () => {
    const write = `require("fs").writeFileSync(${JSON.stringify(join(dir, "termination-log"))}, "last words")`;
    assert.equal((await (await start(write)).ended).message, "last words");
    const failing = "console.log('why'); process.exit(1)";
    assert.equal((await (await start(failing)).ended).message, undefined);
    const fallBack = { terminationMessagePolicy: "FallbackToLogsOnError" } as const;
    assert.equal((await (await start(failing, fallBack)).ended).message, "why\n");
    assert.equal((await (await start("console.log('fine')", fallBack)).ended).message, undefined);
  });
  it("ends the processes that the container left behind", async () => {
    const script = `const { spawn } = require("child_process");
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      console.log(child.pid); child.unref();`;
    await (
      await start(script)
    ).ended;
    const pid = Number((await linesOf(dir))[0]);
    assert.equal(await vanishes(pid), true);
  });
  it("keeps its log readable by its owner only", async () => {
    await (
      await start("console.log('x')")
    ).ended;
    assert.equal((await stat(logFile(dir, 0))).mode & 0o077, 0);
  });
});

describe("killLeftover", () => {
  it("ends the recorded process", async () => {
    const dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
    const run = await startContainer(
      dir,
      0,
      { name: "main" },
      {
        argv: [process.execPath, "-e", "setInterval(() => {}, 1000)"],
        environment: {},
        workingDir: dir,
        terminationFile: join(dir, "termination-log"),
      },
    );
    const identity = JSON.parse(await readFile(join(dir, "process.json"), "utf8")) as ProcessIdentity;
    assert.equal(isAlive(identity), true);
    await killLeftover(dir);
    assert.equal((await run.ended).exitCode, 137);
    await rm(dir, { recursive: true });
  });
  it("does not touch a later process with the same number", async () => {
    const dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
    const later = spawn(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], { detached: true });
    await writeFile(join(dir, "process.json"), JSON.stringify({ pid: later.pid, startedAt: "another boot/1" }));
    await killLeftover(dir);
    later.stdin.write("still here");
    const [answer] = (await once(later.stdout, "data")) as [Buffer];
    assert.equal(answer.toString(), "still here");
    later.kill("SIGKILL");
    await rm(dir, { recursive: true });
  });
  it("does nothing if no process was recorded", () => killLeftover("/no/such/folder"));
});

async function linesOf(dir: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readStoredLog(logFile(dir, 0), {})) lines.push(line);
  return lines;
}

/** SIGKILL is delivered at once, but the kernel takes a moment to take the process down. */
async function vanishes(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
