import assert from "node:assert/strict";
import type { WorkloadState } from "../../domain/snapshot.ts";
import { whoUses } from "../../diagnose/who-uses.ts";
import { healthy, seen, stack, unseen } from "./healthy.ts";

function workload(name: string, change: Partial<WorkloadState>): WorkloadState {
  return { namespace: "ameide-dev", kind: "Deployment", name, secrets: [], reloads: false, ...change };
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
  it("says for each consumer what a new value asks of it", () => {
    const workloads = seen([
      workload("by-hand", { secrets: env }),
      workload("reloaded", { secrets: env, reloads: true }),
      workload("mounted", { secrets: [{ secret: "inference-api-credentials", by: "volume" }] }),
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
        ["Deployment/mounted", "follows"],
        ["CronJob/nightly", "next-run"],
      ],
    );
  });
  it("carries along what could not be looked at: without it none is not none", () => {
    const workloads = unseen("forbidden", "may not list deployments");
    const { unseen: failures } = whoUses({ ...healthy(), workloads }, stack, "openai-api-key");
    assert.deepEqual(failures, [workloads.failure]);
    assert.deepEqual(whoUses(healthy(), stack, "openai-api-key").unseen, []);
  });
});
