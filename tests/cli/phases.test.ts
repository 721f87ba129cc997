import assert from "node:assert/strict";
import { Phases } from "../../cli/phases.ts";
import { recordedIo } from "./recorded-io.ts";

const never = new AbortController().signal;
/** Times are not what these tests are about. */
const untimed = (lines: readonly string[]) => lines.map((line) => line.replace(/\d+\.\d s/, "0.0 s"));

describe("Phases", () => {
  it("prints how a phase ended, its result and its messages, and returns the result", async () => {
    const io = recordedIo();
    const phases = new Phases(io, never);
    const result = await phases.run(
      "plan",
      (tell) => {
        tell("reading");
        return Promise.resolve(3);
      },
      (count) => `${count} secrets`,
    );
    assert.equal(result, 3);
    assert.deepEqual(untimed(io.printed.err), ["      reading", "ok    plan: 3 secrets (0.0 s)"]);
    assert.deepEqual(io.printed.out, []);
  });

  it("records the duration of each phase, in order, except a failed one", async () => {
    const phases = new Phases(recordedIo(), never);
    await phases.run("one", () => Promise.resolve());
    await phases.run("two", () => Promise.resolve());
    await assert.rejects(phases.run("three", () => Promise.reject(new Error("broken"))));
    assert.deepEqual(
      phases.timings.phases.map(({ name }) => name),
      ["one", "two"],
    );
  });

  it("fails with the phase's own error, and names the phase", async () => {
    const io = recordedIo();
    const broken = new Error("broken");
    await assert.rejects(
      new Phases(io, never).run("preview", () => Promise.reject(broken)),
      (error) => error === broken,
    );
    assert.deepEqual(untimed(io.printed.err), ["FAIL  preview (0.0 s)"]);
  });

  it("fails before the next phase begins after Ctrl-C", async () => {
    const io = recordedIo();
    const abort = new AbortController();
    abort.abort();
    let began = false;
    const run = new Phases(io, abort.signal).run("update", () => {
      began = true;
      return Promise.resolve();
    });
    await assert.rejects(run, { name: "AbortError" });
    assert.deepEqual([began, io.printed.err], [false, []]);
  });

  it("uses colours on a terminal only", async () => {
    const [plain, terminal] = [recordedIo(), recordedIo(true)];
    for (const io of [plain, terminal]) await new Phases(io, never).run("plan", () => Promise.resolve());
    const escape = "\u001B[";
    assert.deepEqual(
      [plain, terminal].map(({ printed }) => printed.err.join("").includes(escape)),
      [false, true],
    );
  });
});
