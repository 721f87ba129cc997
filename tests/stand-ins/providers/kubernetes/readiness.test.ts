import assert from "node:assert/strict";
import { judgeJob, waitFor } from "../../../../stand-ins/providers/kubernetes/readiness.ts";

const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations } });

describe("waitFor", () => {
  it("waits for a Job's completion, and for nothing else unasked", () => {
    assert.equal(waitFor("Job", {})?.timedOut("sync"), "'sync' timed out waiting to be Ready");
    assert.equal(waitFor("ExternalSecret", {}), undefined);
  });

  it("waits for what the annotation says instead, and says no more than the real provider when time is up", () => {
    const wait = waitFor("Job", annotated({ "pulumi.com/waitFor": "jsonpath={.status.active}=1" }));
    assert.deepEqual(wait?.judge({ status: { active: 1 } }), { state: "ready" });
    assert.deepEqual(wait?.judge({}), { state: "waiting", status: "waiting for jsonpath={.status.active}=1" });
    assert.equal(wait?.timedOut("sync"), "timed out waiting for the condition");
  });

  it("waits for nothing where the program says so", () => {
    assert.equal(waitFor("Job", annotated({ "pulumi.com/skipAwait": "true" })), undefined);
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
      reason: "[BackoffLimitExceeded] it failed",
    });
  });

  it("waits while neither is true", () => {
    const waiting = (failed: number) => ({
      state: "waiting",
      status: `Waiting for Job to succeed (Active: 0 | Succeeded: 0 | Failed: ${failed})`,
    });
    assert.deepEqual(judgeJob({}), waiting(0));
    assert.deepEqual(judgeJob(job("Failed", "False")), waiting(1));
  });
});
