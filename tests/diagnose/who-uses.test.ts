import assert from "node:assert/strict";
import type { PodState, WorkloadState } from "../../diagnose/snapshot.ts";
import { whoUses } from "../../diagnose/who-uses.ts";
import { healthy, minutesAgo, seen, stack, unseen, valuesOf } from "./healthy.ts";

function workload(name: string, change: Partial<WorkloadState>): WorkloadState {
  return { namespace: "ameide-dev", kind: "Deployment", name, secrets: [], reloads: [], ...change };
}

const env = [{ secret: "inference-api-credentials", by: "environment" }] as const;

describe("whoUses", () => {
  it("lists each delivery with its keys and the accounts that pull with it", () =>
    assert.deepEqual(
      whoUses(healthy(), stack, "ghcr-token").uses.map(({ namespace, secret, keys, serviceAccounts }) => [
        namespace,
        secret,
        keys,
        serviceAccounts,
      ]),
      [
        ["ameide-dev", "ghcr-pull", ["password"], ["default"]],
        ["argocd", "ghcr-pull", ["password"], ["default"]],
      ],
    ));
  it("shows for each consumer how it gets a new value", () => {
    const workloads = seen([
      workload("by-hand", { secrets: env }),
      workload("reloaded", { secrets: env, reloads: ["inference-api-credentials"] }),
      workload("reloaded-for-another", { secrets: env, reloads: ["langfuse-secrets"] }),
      workload("mounted", { secrets: [{ secret: "inference-api-credentials", by: "volume" }] }),
      workload("part", {
        secrets: [
          { secret: "inference-api-credentials", by: "volume" },
          { secret: "inference-api-credentials", by: "sub-path" },
        ],
      }),
      workload("nightly", { secrets: env, kind: "CronJob" }),
      workload("elsewhere", { secrets: env, namespace: "argocd" }),
      workload("other", { secrets: [{ secret: "langfuse-secrets", by: "environment" }] }),
    ]);
    const [use] = whoUses({ ...healthy(), workloads }, stack, "openai-api-key").uses;
    assert.deepEqual(
      use?.consumers.map((one) => [one.workload, one.afterChange]),
      [
        ["Deployment/by-hand", "restart"],
        ["Deployment/reloaded", "restarts-itself"],
        ["Deployment/reloaded-for-another", "restart"],
        ["Deployment/mounted", "follows"],
        ["Deployment/part", "restart"],
        ["CronJob/nightly", "next-run"],
      ],
    );
  });
  it("names pods of unknown workloads by their owner, each owner once, and no pod that has ended", () => {
    const pod = (name: string, change: Partial<PodState>): PodState => ({
      namespace: "ameide-dev",
      name,
      phase: "Running",
      createdAt: minutesAgo(9),
      imagePullSecrets: [],
      containers: [],
      secrets: env,
      ...change,
    });
    const workloads = seen([
      workload("known", { secrets: env }),
      workload("nightly", { secrets: env, kind: "CronJob" }),
    ]);
    const pods = seen([
      pod("known-6f7d-1", { owner: "ReplicaSet/known-6f7d" }),
      pod("nightly-29384-1", { owner: "Job/nightly-29384" }),
      pod("rollout-5c-1", { owner: "ReplicaSet/rollout-5c" }),
      pod("rollout-5c-2", { owner: "ReplicaSet/rollout-5c" }),
      pod("once-1", { owner: "Job/once" }),
      pod("done-1", { owner: "Job/done", phase: "Succeeded" }),
      pod("alone", {}),
    ]);
    const [use] = whoUses({ ...healthy(), workloads, pods }, stack, "openai-api-key").uses;
    assert.deepEqual(
      use?.consumers.map((one) => one.workload),
      ["Deployment/known", "CronJob/nightly", "ReplicaSet/rollout-5c", "Job/once", "Pod/alone"],
    );
    assert.deepEqual(
      use?.consumers.map((one) => one.afterChange),
      ["restart", "next-run", "manual", "manual", "manual"],
    );
  });
  it("lists ExternalSecrets of other owners that read the same path, in any spelling", () => {
    const before = healthy();
    const [one] = valuesOf(before.externalSecrets);
    assert.ok(one !== undefined);
    const other = (name: string, key: string) => ({ ...one, name, target: `${name}-target`, remoteKeys: [key] });
    const externalSecrets = seen([
      ...valuesOf(before.externalSecrets),
      other("plain", "openai-api-key"),
      other("mounted", "secret/data/openai-api-key"),
      other("unrelated", "openai-api-key-2"),
    ]);
    const { uses } = whoUses({ ...before, externalSecrets }, stack, "openai-api-key");
    assert.deepEqual(
      uses.map(({ secret, isOurs }) => [secret, isOurs]),
      [
        ["inference-api-credentials", true],
        ["plain-target", false],
        ["mounted-target", false],
      ],
    );
    const blind = whoUses({ ...before, externalSecrets: unseen("forbidden", "no right") }, stack, "openai-api-key");
    assert.equal(blind.unseen[0]?.message, "no right");
  });
  it("reports what could not be read, because an empty list would be misleading", () => {
    const workloads = unseen("forbidden", "may not list deployments");
    const { unseen: failures } = whoUses({ ...healthy(), workloads }, stack, "openai-api-key");
    assert.deepEqual(failures, [workloads.failure]);
    assert.deepEqual(whoUses(healthy(), stack, "openai-api-key").unseen, []);
  });
});
