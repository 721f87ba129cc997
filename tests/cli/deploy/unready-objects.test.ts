import assert from "node:assert/strict";
import { KubernetesError, type Cluster } from "../../../clients/kubernetes.ts";
import { explainUnready } from "../../../cli/deploy/unready-objects.ts";

/** A cluster that answers these paths, and 404 for any other. */
function clusterWith(objects: Readonly<Record<string, object>>): Cluster {
  const get = (path: string) => {
    const found = objects[path.split("?")[0] ?? ""];
    return found === undefined ? Promise.reject(new KubernetesError(404, "not found")) : Promise.resolve(found);
  };
  return { context: "aks", get, find: (path: string) => get(path).catch(() => undefined) } as unknown as Cluster;
}

const group = "/apis/external-secrets.io/v1";
const store = { type: "kubernetes:external-secrets.io/v1:SecretStore", object: "ameide-dev/ameide-vault" };
const events = "/api/v1/namespaces/ameide-dev/events";
const discovery = {
  resources: [
    { name: "secretstores/status", kind: "SecretStore", namespaced: true },
    { name: "secretstores", kind: "SecretStore", namespaced: true },
  ],
};

function storeWith(status: object, items: readonly object[] = []): Cluster {
  return clusterWith({
    [group]: discovery,
    [`${group}/namespaces/ameide-dev/secretstores/ameide-vault`]: { metadata: {}, status },
    [events]: { metadata: {}, items },
  });
}

describe("explainUnready", () => {
  it("names the condition that is not met, and the newest Warning Event", async () => {
    const conditions = [
      { type: "Ready", status: "False", reason: "InvalidProviderConfig", message: "unable to validate" },
    ];
    const event = (message: string, lastTimestamp: string) => ({
      involvedObject: { kind: "SecretStore", name: "ameide-vault" },
      reason: "InvalidProviderConfig",
      message,
      lastTimestamp,
      metadata: { name: message },
    });
    const cluster = storeWith({ conditions }, [
      event("403 permission denied", "2026-01-01T00:00:02Z"),
      event("connection refused", "2026-01-01T00:00:01Z"),
    ]);
    assert.deepEqual(await explainUnready(cluster, [store]), [
      "SecretStore ameide-dev/ameide-vault:",
      "  condition Ready is False: InvalidProviderConfig: unable to validate",
      "  Warning InvalidProviderConfig: 403 permission denied",
    ]);
  });

  it("asks about the controller if no condition is set", async () => {
    const [, reason] = await explainUnready(storeWith({}), [store]);
    assert.equal(reason, "  it has no condition yet: is its controller running?");
  });

  it("reports nothing for an object that is ready, does not exist or cannot be read", async () => {
    const ready = storeWith({ conditions: [{ type: "Ready", status: "True" }] });
    assert.deepEqual(await explainUnready(ready, [store]), []);
    assert.deepEqual(await explainUnready(clusterWith({ [group]: discovery }), [store]), []);
    assert.deepEqual(await explainUnready(clusterWith({}), [store]), []);
  });

  it("reports what it may not read", async () => {
    const refuse = () => Promise.reject(new KubernetesError(403, "forbidden"));
    const closed = { context: "aks", get: refuse, find: refuse } as unknown as Cluster;
    assert.deepEqual(await explainUnready(closed, [store]), [
      "SecretStore ameide-dev/ameide-vault: why it is not ready cannot be read: forbidden",
    ]);
    const status = { conditions: [{ type: "Ready", status: "False", reason: "InvalidProviderConfig" }] };
    const withoutEvents = { ...storeWith(status), get: refuse } as Cluster;
    assert.deepEqual((await explainUnready(withoutEvents, [store])).at(-1), "  its Events cannot be read: forbidden");
  });

  it("names how a Job's containers ended, with vault-bootstrap's own problem and fix", async () => {
    const summary = JSON.stringify({ event: "end", problem: "Vault is sealed", fix: "ameide-secrets unseal" });
    const waiting = { waiting: { reason: "ImagePullBackOff", message: "no such image" } };
    const cluster = clusterWith({
      "/apis/batch/v1": { resources: [{ name: "jobs", kind: "Job", namespaced: true }] },
      "/apis/batch/v1/namespaces/ameide-dev/jobs/sync": {
        kind: "Job",
        status: {
          conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "it failed" }],
        },
      },
      "/api/v1/namespaces/ameide-dev/pods": {
        items: [
          {
            metadata: { name: "sync-a" },
            status: {
              containerStatuses: [
                { name: "main", state: { terminated: { exitCode: 21, message: `{}\n${summary}\n` } } },
              ],
            },
          },
          { metadata: { name: "sync-b" }, status: { containerStatuses: [{ name: "main", state: waiting }] } },
        ],
      },
      [events]: { metadata: {}, items: [] },
    });
    const job = { type: "kubernetes:batch/v1:Job", object: "ameide-dev/sync" };
    assert.deepEqual(await explainUnready(cluster, [job]), [
      "Job ameide-dev/sync:",
      "  failed: BackoffLimitExceeded: it failed",
      "  pod sync-a, container main exited with 21: Vault is sealed",
      "    fix: ameide-secrets unseal; for more: ameide-secrets doctor --stack <stack>",
      "  pod sync-b, container main waits: ImagePullBackOff: no such image",
    ]);
  });
});
