import assert from "node:assert/strict";
import { runDoctor } from "../../../cli/deploy/doctor.ts";
import { ExitCode } from "../../../cli/exit-code.ts";
import type { Access } from "../../../diagnose/observe/access.ts";
import { stack } from "../../diagnose/healthy.ts";
import { recordedIo } from "../recorded-io.ts";

const access: Access = { kubernetes: "no kubeconfig", vault: "no address", azure: "not logged in" };

/** A place that counts, and stops the watch when it is opened for the third time. */
function counted() {
  const stop = new AbortController();
  const count = { opened: 0, closed: 0 };
  const open = () => {
    count.opened += 1;
    if (count.opened === 3) stop.abort();
    return Promise.resolve({ stack, access, close: () => Promise.resolve(void (count.closed += 1)) });
  };
  return { count, open, signal: stop.signal };
}

describe("runDoctor", () => {
  it("opens the place anew for each look of a watch, and closes it after it", async () => {
    const { count, open, signal } = counted();
    await assert.rejects(runDoctor({ open, signal, watch: true, pauseInSeconds: 0 }, recordedIo()), {
      name: "AbortError",
    });
    assert.deepEqual(count, { opened: 3, closed: 3 });
  });
  it("prints one JSON object a line in a watch", async () => {
    const { open, signal } = counted();
    const io = recordedIo();
    const options = { open, signal, watch: true, json: true, pauseInSeconds: 0 };
    await assert.rejects(runDoctor(options, io), { name: "AbortError" });
    assert.equal(io.printed.out.length, 3);
    for (const text of io.printed.out) {
      assert.equal(text.includes("\n"), false);
      assert.equal((JSON.parse(text) as { environment: string }).environment, "dev");
    }
  });
  it("fails where a secret could not be seen at every stage", async () => {
    const { open, signal, count } = counted();
    assert.equal(await runDoctor({ open, signal }, recordedIo()), ExitCode.finding);
    assert.deepEqual(count, { opened: 1, closed: 1 });
  });
});
