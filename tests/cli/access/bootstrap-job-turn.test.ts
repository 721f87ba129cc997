import assert from "node:assert/strict";
import { type BootstrapRun, runBootstrap } from "../../../cli/access/bootstrap-job.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { bootstrapExitCodes } from "../../../domain/bootstrap-config.ts";

const cronJob = {
  metadata: { name: "bootstrap", uid: "u" },
  spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } },
};

/** A cluster in which each Job ends at once, with these results one after the other; the last one repeats. */
function runs(...causes: readonly BootstrapRun["cause"][]) {
  const count = { runs: 0, held: 0 };
  const cause = () => causes[Math.min(count.runs, causes.length) - 1] ?? "ok";
  const job = () => ({ status: { conditions: [{ type: cause() === "ok" ? "Complete" : "Failed", status: "True" }] } });
  const pod = () => ({
    metadata: { name: "p" },
    status: { containerStatuses: [{ state: { terminated: { exitCode: bootstrapExitCodes[cause()] } } }] },
  });
  const cluster = {
    find: (path: string) => Promise.resolve(path.includes("/cronjobs/") ? cronJob : job()),
    create: () => Promise.resolve((count.runs += 1)),
    get: () => Promise.resolve({ items: [pod()] }),
    text: () => Promise.resolve(""),
  } as unknown as Cluster;
  const place = { namespace: "ns", bootstrap: { name: "bootstrap" } };
  const { signal } = new AbortController();
  const tell = () => void (count.held += 1);
  return { count, turn: () => runBootstrap(cluster, place, { purpose: "test", signal, tell, pauseInMilliseconds: 1 }) };
}

describe("runBootstrap", () => {
  it("runs again if another run held the lease, because that one may have begun too early", async () => {
    const { count, turn } = runs("lease-held", "lease-held", "ok");
    assert.equal((await turn()).cause, "ok");
    assert.deepEqual(count, { runs: 3, held: 2 });
  });
  it("does not run again for any other cause", async () => {
    const { count, turn } = runs("source-forbidden", "ok");
    assert.equal((await turn()).cause, "source-forbidden");
    assert.deepEqual(count, { runs: 1, held: 0 });
  });
  it("gives up after a while, and reports why", async () => {
    const { count, turn } = runs("lease-held");
    assert.equal((await turn()).cause, "lease-held");
    assert.equal(count.runs, 12);
  });
});
