import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { ContainerLog, readStoredLog, tailOfLog, type LogQuery } from "../../../stand-ins/node/container-log.ts";

describe("ContainerLog", () => {
  let dir: string;
  let log: ContainerLog;
  let output: PassThrough;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
    log = new ContainerLog(join(dir, "0.log"));
    output = new PassThrough();
    log.copy(output, "stdout");
  });
  afterEach(() => rm(dir, { recursive: true }));

  const never = new AbortController().signal;
  const stored = (query: LogQuery) => all(readStoredLog(join(dir, "0.log"), query));

  it("returns the lines, or the last ones on request", async () => {
    output.end("one\ntwo\n\nlast without an end");
    await log.close();
    assert.deepEqual(await stored({}), ["one\n", "two\n", "\n", "last without an end\n"]);
    assert.deepEqual(await stored({ tailLines: 1 }), ["last without an end\n"]);
    assert.deepEqual(await stored({ tailLines: 0 }), []);
  });
  it("shows times on request, and leaves out older lines", async () => {
    output.end("one\n");
    await log.close();
    const [line = ""] = await stored({ timestamps: true });
    assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n$/);
    assert.deepEqual(await stored({ since: "2999-01-01T00:00:00Z" }), []);
  });
  it("follows until the container has ended, without gaps or repetition", async () => {
    output.write("before\n");
    const followed = all(log.read({ follow: true }, never));
    for (let i = 0; i < 50; i += 1) {
      output.write(`${i}\n`);
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    output.end();
    await log.close();
    assert.deepEqual(await followed, ["before\n", ...Array.from({ length: 50 }, (_, i) => `${i}\n`)]);
  });
  it("is empty, not absent, before its first line", async () => {
    assert.deepEqual(await all(log.read({}, never)), []);
    output.end();
    await log.close();
  });
  it("stops following when the reader disconnects", async () => {
    const reader = new AbortController();
    const lines: string[] = [];
    let over = false;
    const first = new EventEmitter();
    const follow = async (): Promise<void> => {
      for await (const line of log.read({ follow: true }, reader.signal)) {
        lines.push(line);
        first.emit("line");
      }
      over = true;
    };
    const reported = once(first, "line");
    const followed = follow();
    output.write("one\n");
    await Promise.race([reported, followed]);
    await readFile(join(dir, "0.log")); // gives it a turn in which it could have ended on its own
    assert.equal(over, false);
    reader.abort();
    await followed;
    assert.deepEqual(lines, ["one\n"]);
    output.end();
    await log.close();
  });
});

describe("tailOfLog", () => {
  it("is at most 2,048 bytes, the last ones", async () => {
    const dir = await mkdtemp(join(tmpdir(), "node-stand-in-"));
    const log = new ContainerLog(join(dir, "0.log"));
    const output = new PassThrough();
    log.copy(output, "stderr");
    output.end(`${"x".repeat(5000)}\nend\n`);
    await log.close();
    const tail = await tailOfLog(join(dir, "0.log"));
    assert.equal(Buffer.byteLength(tail), 2048);
    assert.ok(tail.endsWith("x\nend\n"));
    await rm(dir, { recursive: true });
  });
});

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const read: string[] = [];
  for await (const line of lines) read.push(line);
  return read;
}
