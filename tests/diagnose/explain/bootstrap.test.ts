import assert from "node:assert/strict";
import type { BootstrapCause } from "../../../domain/bootstrap-config.ts";
import { explain } from "../../../diagnose/explain.ts";
import type { PodState } from "../../../diagnose/snapshot.ts";
import { bootstrapPod, lastRun, pod } from "../changes.ts";
import { healthy, minutesAgo, seen, stack, unseen } from "../healthy.ts";
import { struckBy } from "../struck.ts";

describe("explainBootstrap", () => {
  it("distinguishes a run that ended at its deadline from one that was stopped", () => {
    const before = healthy();
    const { causes } = explain({ ...before, ...lastRun("terminated", "not done after 240 s")(before) }, stack);
    assert.equal(causes[0]?.code, "bootstrap-overruns");
  });
  it("treats a run without status and pod as stopped from outside, and one with a pod as failed", () => {
    const first = (name: string) => {
      const before = healthy();
      const job = { name: "vault-bootstrap-3", createdAt: minutesAgo(0), result: "failed" as const, reason: "BackoffLimitExceeded" }; // prettier-ignore
      const run = { ...before.bootstrap, jobs: seen([job]), log: seen([]) };
      const snapshot = { ...before, ...pod({ phase: "Failed", owner: `Job/${name}` })(before), bootstrap: run };
      return explain(snapshot, stack).causes[0];
    };
    assert.equal(first("another")?.code, "bootstrap-interrupted");
    assert.equal(first("another")?.evidence[0]?.seen, "BackoffLimitExceeded; its pod is gone");
    assert.equal(first("vault-bootstrap-3")?.code, "bootstrap-failed");
  });
  it("recognises a volume that cannot be mounted by the pod's Event, only while the pod waits", () => {
    const warning = { reason: "FailedMount", message: 'configmap "vault-bootstrap-0a1b" not found', at: minutesAgo(1) };
    const first = (change: Partial<PodState>) => {
      const before = healthy();
      return explain({ ...before, ...bootstrapPod({ warning, ...change })(before) }, stack).causes[0];
    };
    assert.equal(first({})?.code, "bootstrap-cannot-start");
    assert.match(first({})?.evidence[0]?.seen ?? "", /^FailedMount: configmap "vault-bootstrap-0a1b" not found$/);
    assert.equal(first({ phase: "Running" }), undefined);
  });
  it("reports the bootstrap's own pod that cannot pull once, and not as a consumer as well", () => {
    const codes = struckBy("bootstrap-image-not-pulled").causes.map(({ code }) => code);
    assert.deepEqual(codes, ["bootstrap-image-not-pulled"]);
  });
  it("uses the log of a run that failed in the second in which another run ended", () => {
    const causesAfter = (runId: string) => {
      const before = healthy();
      const { status } = before.bootstrap;
      assert.ok(status.ok);
      const second = minutesAgo(1).replace(/\.\d+Z$/, "Z");
      const job = { name: "vault-bootstrap-test-1", createdAt: second, result: "failed" as const };
      const log = seen([JSON.stringify({ event: "summary", cause: "lease-held", problem: "another run holds it" })]);
      const ended = seen({ ...status.value, runId, finishedAt: second.replace("Z", ".700Z") });
      const failed = { phase: "Failed", owner: `Job/${job.name}`, namespace: stack.namespace };
      const bootstrap = { ...before.bootstrap, jobs: seen([job]), log, status: ended };
      return explain({ ...before, ...pod(failed)(before), bootstrap }, stack).causes;
    };
    const [cause] = causesAfter("vault-bootstrap-run-1-abcde");
    assert.equal(cause?.code, "bootstrap-lease-held");
    assert.equal(cause?.evidence[0]?.seen, "lease-held: another run holds it");
    assert.deepEqual(causesAfter("vault-bootstrap-test-1-abcde"), []);
  });
  const codeFor = (cause: BootstrapCause, message: string, authConfig = unseen("not-asked")) => {
    const before = healthy();
    const vault = { ...before.vault, authConfig };
    return explain({ ...before, vault, ...lastRun(cause, message)(before) }, stack).causes[0]?.code;
  };
  for (const [said, code] of [
    ['400 invalid role name "vault-bootstrap"', "vault-role-missing"],
    ["404 no handler for route auth/kubernetes/login", "vault-auth-missing"],
    ["500 could not load backend configuration", "vault-auth-missing"],
    ["403 service account name not authorized", "vault-role-binding"],
    ["403 invalid audience (aud) claim: audience claim does not match any expected audience", "vault-role-audience"],
    ["403 permission denied", "vault-auth-config-wrong"],
  ] as const) {
    it(`explains a refused login by its message if Vault may not be read: ${said}`, () =>
      assert.equal(codeFor("vault-auth-refused", `POST auth/kubernetes/login: ${said}`), code));
  }
  it("does not blame the address if the run used the right one and could not reach Vault", () => {
    const said = `Vault at ${stack.vault.address} is not ready: connect ECONNREFUSED`;
    assert.equal(codeFor("vault-unreachable", said), "vault-unreachable");
    assert.equal(
      codeFor("vault-unreachable", "Vault at http://old:8200 is not ready: connect ECONNREFUSED"),
      "vault-address-wrong",
    );
  });
  it("does not use an old status for a Vault that is unsealed by now", () => {
    const before = healthy();
    const { causes } = explain({ ...before, ...lastRun("vault-sealed")(before) }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      [],
    );
  });
});
