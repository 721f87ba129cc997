import assert from "node:assert/strict";
import { countsOf } from "../../../diagnose/diagnosis.ts";
import { explain } from "../../../diagnose/explain.ts";
import { healthy, seen, stack, unseen } from "../healthy.ts";

describe("explainClusterAccess", () => {
  it("reports each part that could not be read, including one for which only its server does not answer", () => {
    const silent = unseen("unreachable", "timed out");
    const { causes, secrets } = explain(
      { ...healthy(), externalSecrets: silent, secrets: silent, pods: silent },
      stack,
    );
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["cluster-not-readable"],
    );
    assert.deepEqual(countsOf(secrets), { passing: 0, broken: 0, unseen: secrets.length, absent: 0 });
  });
  it("reports once that the whole cluster is unreachable, also if no pods elsewhere were requested", () => {
    let asked = 0;
    const shut = () => unseen("unreachable", `call ${++asked}: connect ECONNREFUSED`);
    const before = healthy();
    const namespaced = ["stores", "externalSecrets", "pushSecrets", "warned", "secrets", "serviceAccounts", "pods", "workloads", "clientPatcher"]; // prettier-ignore
    const snapshot = {
      ...before,
      ...Object.fromEntries(namespaced.map((part) => [part, shut()])),
      bootstrap: { cronJob: shut(), jobs: shut(), status: shut(), log: shut(), credentialsSecret: shut() },
      vault: { ...before.vault, tokenReviewers: shut() },
      identity: { ...before.identity, clusterIssuer: shut() },
    };
    for (const pullsElsewhere of [seen([]), shut()]) {
      const reported = explain({ ...snapshot, pullsElsewhere }, stack).causes.find(({ code }) => code === "cluster-not-readable"); // prettier-ignore
      assert.deepEqual(reported?.evidence, [{ where: "read it", seen: "call 1: connect ECONNREFUSED" }]);
    }
  });
  it("reports the part of Vault that does not answer, and counts no secret as proven without it", () => {
    const before = healthy();
    const { causes, secrets } = explain({ ...before, vault: { ...before.vault, secrets: unseen("failed") } }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-failing"],
    );
    assert.equal(countsOf(secrets).passing, 0);
  });
  it("reports once that another server answers at Vault's address", () => {
    const before = healthy();
    const absent = unseen("not-found", "HTTP 404");
    const parts = { health: absent, authConfig: absent, roles: absent, policies: absent, secrets: absent };
    const { causes } = explain({ ...before, vault: { ...before.vault, ...parts } }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-unreachable"],
    );
  });
  it("reports the parts that may not be read, but not an unread log of a successful run", () => {
    const { evidence } =
      explain({ ...healthy(), stores: unseen("forbidden", "a"), pods: unseen("forbidden", "b") }, stack).causes[0] ??
      {};
    assert.deepEqual(evidence, [
      { where: "read it", seen: "a" },
      { where: "read it", seen: "b" },
    ]);
  });
  it("reports no secret as broken because the cluster could not be read", () => {
    const { causes, secrets } = explain({ ...healthy(), stores: unseen("forbidden") }, stack);
    assert.equal(causes[0]?.severity, "error");
    assert.deepEqual(
      secrets.filter(({ brokenAt }) => brokenAt !== undefined),
      [],
    );
  });
});
