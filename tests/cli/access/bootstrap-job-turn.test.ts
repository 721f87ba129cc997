import assert from "node:assert/strict";
import { type BootstrapRun, inTurn } from "../../../cli/access/bootstrap-job.ts";

const ended = (cause: BootstrapRun["cause"]): BootstrapRun => ({ job: "j", succeeded: cause === "ok", cause, log: "" });

/** Ends as it is reported, one run after the other; the last way for ever. */
function runs(...causes: readonly BootstrapRun["cause"][]) {
  const count = { runs: 0, held: 0 };
  const run = () => Promise.resolve(ended(causes[Math.min(count.runs++, causes.length - 1)] ?? "ok"));
  const signal = new AbortController().signal;
  return { count, turn: () => inTurn(run, { signal, tell: () => void (count.held += 1), pauseInMilliseconds: 1 }) };
}

describe("inTurn", () => {
  it("runs again where another run held the lease, since that one may have begun too early", async () => {
    const { count, turn } = runs("lease-held", "lease-held", "ok");
    assert.equal((await turn()).cause, "ok");
    assert.deepEqual(count, { runs: 3, held: 2 });
  });
  it("does not run again for any other cause", async () => {
    const { count, turn } = runs("source-forbidden", "ok");
    assert.equal((await turn()).cause, "source-forbidden");
    assert.deepEqual(count, { runs: 1, held: 0 });
  });
  it("gives up some time, and says why", async () => {
    const { count, turn } = runs("lease-held");
    assert.equal((await turn()).cause, "lease-held");
    assert.equal(count.runs, 12);
  });
});
