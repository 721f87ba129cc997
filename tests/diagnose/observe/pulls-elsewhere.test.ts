import assert from "node:assert/strict";
import { ServerError } from "../../../clients/http.ts";
import { type KubernetesReader } from "../../../diagnose/observe/access.ts";
import { observePullsElsewhere } from "../../../diagnose/observe/consumers.ts";
import type { PullElsewhereState } from "../../../diagnose/snapshot.ts";
import { environmentStack } from "../../support/stacks.ts";

const stack = environmentStack("dev");

/** @param answers - status of `ghcr-pull` in each namespace that is asked for it. @default - it is not there */
function cluster(pods: readonly object[], answers: Readonly<Record<string, number>> = {}) {
  const asked: string[] = [];
  const kubernetes: KubernetesReader = {
    context: "c",
    get: <T extends object>(path: string) => {
      asked.push(path);
      if (path.startsWith("/api/v1/pods")) return Promise.resolve({ items: pods } as unknown as T);
      const [, namespace = ""] = /namespaces\/([^/]+)\/secrets\/ghcr-pull$/.exec(path) ?? [];
      const status = answers[namespace] ?? 404;
      return status === 200 ? Promise.resolve({} as T) : Promise.reject(new ServerError(status, "as told"));
    },
    text: () => Promise.resolve(""),
  };
  return { kubernetes, asked };
}

function pod(namespace: string, change: { image?: string; reason?: string; pullSecret?: string } = {}): object {
  const { image = "ghcr.io/ameide/operator:1", reason = "ImagePullBackOff", pullSecret = "ghcr-pull" } = change;
  return {
    metadata: { name: "operator-0", namespace },
    spec: { containers: [], imagePullSecrets: [{ name: pullSecret }] },
    status: { phase: "Pending", containerStatuses: [{ name: "c", image, state: { waiting: { reason } } }] },
  };
}

async function seenIn(
  pods: readonly object[],
  answers?: Readonly<Record<string, number>>,
): Promise<readonly PullElsewhereState[]> {
  const found = await observePullsElsewhere(cluster(pods, answers).kubernetes, stack, ["ameide-dev", "argocd"]);
  assert.ok(found.ok);
  return found.value;
}

describe("observePullsElsewhere", () => {
  it("finds a pod that names our pull secret in a namespace without it", async () => {
    assert.deepEqual(await seenIn([pod("clickhouse-system")]), [
      {
        namespace: "clickhouse-system",
        pod: "operator-0",
        image: "ghcr.io/ameide/operator:1",
        reason: "ImagePullBackOff",
        pullSecret: "ghcr-pull",
        isSecretAbsent: true,
      },
    ]);
  });
  it("ignores other registries, other pull secrets and other waiting pods", async () => {
    const theirs = [{ image: "docker.io/a/b:1" }, { pullSecret: "their-pull" }, { reason: "ContainerCreating" }];
    assert.deepEqual(await seenIn(theirs.map((change) => pod("elsewhere", change))), []);
  });
  it("ignores the namespaces of the pipeline, and those of other environments", async () => {
    assert.deepEqual(await seenIn(["ameide-dev", "argocd", "ameide-prod"].map((namespace) => pod(namespace))), []);
  });
  it("ignores a pod if its namespace has another owner's Secret of that name", async () => {
    assert.deepEqual(await seenIn([pod("elsewhere")], { elsewhere: 200 }), []);
  });
  it("reports the pod also if the Secret may not be read, and that it was not read", async () => {
    const [found] = await seenIn([pod("elsewhere")], { elsewhere: 403 });
    assert.equal(found?.isSecretAbsent, false);
  });
  it("reads the Secret once that many pods of a namespace lack", async () => {
    const { kubernetes, asked } = cluster([pod("elsewhere"), pod("elsewhere"), pod("operators")]);
    const found = await observePullsElsewhere(kubernetes, stack, []);
    assert.equal(found.ok && found.value.length, 3);
    assert.deepEqual(asked.slice(1), [
      "/api/v1/namespaces/elsewhere/secrets/ghcr-pull",
      "/api/v1/namespaces/operators/secrets/ghcr-pull",
    ]);
  });
  it("lists once for the whole cluster, only pods that wait", async () => {
    const { kubernetes, asked } = cluster([]);
    await observePullsElsewhere(kubernetes, stack, []);
    assert.deepEqual(asked, ["/api/v1/pods?fieldSelector=status.phase%3DPending&limit=500"]);
  });
  it("makes no call if no pull secret is delivered", async () => {
    const { kubernetes, asked } = cluster([]);
    await observePullsElsewhere(kubernetes, { plan: { ...stack.plan, deliveries: [] } }, []);
    assert.deepEqual(asked, []);
  });
});
