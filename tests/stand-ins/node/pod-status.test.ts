import assert from "node:assert/strict";
import { notStarted, podStatus, type Standing } from "../../../stand-ins/node/pod-status.ts";
import type { Pod, Terminated } from "../../../stand-ins/node/pod.ts";

const startTime = "2026-01-02T03:04:05Z";
const pod: Pod = {
  metadata: { name: "p", namespace: "n", uid: "u" },
  spec: { initContainers: [{ name: "init" }], containers: [{ name: "a" }, { name: "b" }] },
  status: {},
};

function ended(exitCode: number): Standing {
  const terminated: Terminated = { exitCode, reason: "x", startedAt: startTime, finishedAt: startTime };
  return { state: { terminated }, restartCount: 0 };
}
const running: Standing = { state: { running: { startedAt: startTime } }, restartCount: 0 };

function status(init: Standing, a: Standing, b: Standing, finished = false) {
  const standings = new Map([["init", init], ["a", a], ["b", b]]); // prettier-ignore
  return podStatus(pod, standings, { finished, startTime, now: startTime });
}

describe("podStatus", () => {
  it("is Pending while the init containers run", () =>
    assert.equal(status(running, notStarted("PodInitializing"), notStarted("PodInitializing")).phase, "Pending"));
  it("is Running as soon as one container runs, and Ready only when all do", () => {
    const partly = status(ended(0), running, notStarted("ImagePullBackOff"));
    assert.equal(partly.phase, "Running");
    assert.equal(ready(partly), "False");
    assert.equal(ready(status(ended(0), running, running)), "True");
  });
  it("is Succeeded when every container ended with 0", () =>
    assert.equal(status(ended(0), ended(0), ended(0), true).phase, "Succeeded"));
  it("is Failed when one container ended with another code, or an init container did", () => {
    assert.equal(status(ended(0), ended(0), ended(23), true).phase, "Failed");
    assert.equal(status(ended(1), notStarted("PodInitializing"), notStarted("PodInitializing"), true).phase, "Failed");
  });
  it("is Failed, with the reason, after its deadline, even if the container succeeded", () => {
    const standings = new Map([["init", ended(0)], ["a", ended(0)], ["b", ended(0)]]); // prettier-ignore
    const verdict = { reason: "DeadlineExceeded", message: "m" };
    const { phase, reason } = podStatus(pod, standings, { finished: true, verdict, startTime, now: startTime });
    assert.deepEqual({ phase, reason }, { phase: "Failed", reason: "DeadlineExceeded" });
  });
  it("gives a condition the time of its last change", () => {
    const standings = new Map([["init", ended(0)], ["a", running], ["b", running]]); // prettier-ignore
    const facts = { finished: false, startTime };
    const first = podStatus(pod, standings, { ...facts, now: "2026-01-02T03:04:06Z" });
    const next = podStatus(pod, standings, { ...facts, now: "2026-01-02T03:04:09Z", before: first.conditions });
    const last = podStatus(pod, standings, {
      ...facts,
      finished: true,
      now: "2026-01-02T03:04:10Z",
      before: next.conditions,
    });
    const since = ({ conditions }: typeof first) => conditions.find(({ type }) => type === "Ready")?.lastTransitionTime;
    assert.deepEqual([first, next, last].map(since), [
      "2026-01-02T03:04:06Z",
      "2026-01-02T03:04:06Z",
      "2026-01-02T03:04:10Z",
    ]);
  });
  it("stays Running between two runs of a restarted container", () => {
    const waiting: Standing = { state: { waiting: { reason: "CrashLoopBackOff" } }, restartCount: 1 };
    assert.equal(status(ended(0), waiting, notStarted("ContainerCreating")).phase, "Running");
  });
});

function ready(of: object): string | undefined {
  const { conditions } = of as { conditions: readonly { type: string; status: string }[] };
  return conditions.find(({ type }) => type === "Ready")?.status;
}
