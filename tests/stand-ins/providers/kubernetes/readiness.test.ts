import assert from "node:assert/strict";
import { judgeFor, judgeJob } from "../../../../stand-ins/providers/kubernetes/readiness.ts";

const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations } });

describe("judgeFor", () => {
  it("waits for a Job's completion, and for nothing else unasked", () => {
    assert.equal(judgeFor("Job", {}), judgeJob);
    assert.equal(judgeFor("ExternalSecret", {}), undefined);
  });

  it("waits for what the annotation says instead", () => {
    const judge = judgeFor("Job", annotated({ "pulumi.com/waitFor": "jsonpath={.status.active}=1" }));
    assert.deepEqual(judge?.({ status: { active: 1 } }), { state: "ready" });
  });

  it("waits for nothing where the program says so", () => {
    assert.equal(judgeFor("Job", annotated({ "pulumi.com/skipAwait": "true" })), undefined);
  });
});

describe("judgeJob", () => {
  const job = (type: string, status: string) => ({
    status: { failed: 1, conditions: [{ type, status, reason: "BackoffLimitExceeded", message: "it failed" }] },
  });

  it("is ready once the Job is complete", () => {
    assert.deepEqual(judgeJob(job("Complete", "True")), { state: "ready" });
  });

  it("has failed with the Job's reason and message", () => {
    assert.deepEqual(judgeJob(job("Failed", "True")), {
      state: "failed",
      reason: "Job failed: BackoffLimitExceeded: it failed",
    });
  });

  it("waits while neither is true", () => {
    assert.deepEqual(judgeJob({}), { state: "waiting", reason: "pods active: 0, failed: 0" });
    assert.deepEqual(judgeJob(job("Failed", "False")), { state: "waiting", reason: "pods active: 0, failed: 1" });
  });
});
