import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import type { PodState } from "../../../diagnose/snapshot.ts";
import { pod } from "../changes.ts";
import { changed, healthy, minutesAgo, seen, stack, without } from "../healthy.ts";

const started = {
  phase: "Running",
  startedAt: minutesAgo(60),
  secrets: [{ secret: "langfuse-secrets", by: "environment" as const }],
};

/** What is reported about a pod that reads a Secret which changed after the pod started. */
function restart(change: Partial<PodState>) {
  const before = healthy();
  const isRead = ({ name }: { name: string }) => name === "langfuse-secrets";
  const secrets = changed(before.secrets, isRead, { changedAt: minutesAgo(1) });
  const workloads = seen([{ namespace: "ameide-dev", kind: "Deployment", name: "chat", secrets: [], reloads: [] }]);
  return explain({ ...before, secrets, workloads, ...pod({ ...started, ...change })(before) }, stack).causes;
}

describe("explainConsumers", () => {
  it("prints kubectl's restart for what kubectl can restart", () => {
    const fixes = ["ReplicaSet/chat-7d9f8b6c5d", "StatefulSet/chat", "DaemonSet/chat"].map((owner) =>
      restart({ owner })[0]?.fix.replace(/^.* rollout restart /, ""),
    );
    assert.deepEqual(fixes, ["deployment/chat", "statefulset/chat", "daemonset/chat"]);
  });
  it("prints no command that kubectl refuses: a bare pod, or one of another controller, is restarted through its owner", () => {
    assert.equal(restart({})[0]?.fix, "restart Pod ameide-dev/p by hand");
    assert.equal(restart({ owner: "Cluster/pg" })[0]?.fix, "restart Pod ameide-dev/p through its owner Cluster/pg");
  });
  it("does not treat the ReplicaSet of an Argo Rollout as a Deployment's", () => {
    assert.equal(
      restart({ owner: "ReplicaSet/rollout-7d9f8b6c5d" })[0]?.fix,
      "restart Pod ameide-dev/p through its owner ReplicaSet/rollout-7d9f8b6c5d",
    );
  });
  it("restarts a pod that mounts a part of a Secret: kubelet never updates it", () => {
    const secrets = [{ secret: "langfuse-secrets", by: "sub-path" as const }];
    const [cause] = restart({ secrets, owner: "ReplicaSet/chat-7d9f8b6c5d" });
    assert.equal(cause?.code, "consumer-not-restarted");
    assert.match(cause.fix, /rollout restart deployment\/chat$/);
  });
  it("reports a pod once that reads a Secret in two ways, and none that follows changes", () => {
    const both = [...started.secrets, { secret: "langfuse-secrets", by: "sub-path" as const }];
    assert.deepEqual(
      restart({ secrets: both }).flatMap(({ evidence }) => evidence.map(({ where }) => where)),
      ["Pod ameide-dev/p"],
    );
    assert.deepEqual(restart({ secrets: [{ secret: "langfuse-secrets", by: "volume" }] }), []);
  });
  it("ignores a Job's pod, which ends on its own, and one that a restart is replacing", () => {
    assert.deepEqual(restart({ owner: "Job/a" }), []);
    assert.deepEqual(restart({ owner: "ReplicaSet/chat-7d9f8b6c5d", isEnding: true }), []);
  });
  it("adds another pod that cannot pull only as evidence if the missing Secret is reported already", () => {
    const before = healthy();
    const secrets = without(
      before.secrets,
      ({ name, namespace }) => name === "ghcr-pull" && namespace === "ameide-dev",
    );
    const refused = [{ name: "c", image: "ghcr.io/ameide/a:1", reason: "ErrImagePull" }];
    const snapshot = { ...before, secrets, ...pod({ containers: refused })(before) };
    const reported = explain(snapshot, stack).causes;
    assert.deepEqual(
      reported.map(({ code, evidence }) => [code, evidence.map(({ where }) => where)]),
      [["target-secret-missing", ["Secret ameide-dev/ghcr-pull", "Pod ameide-dev/p"]]],
    );
  });
  it("reports a pod elsewhere without the pull secret, and no secret of the pipeline as broken for it", () => {
    const elsewhere = { namespace: "operators", pod: "o-0", image: "ghcr.io/ameide/o:1", reason: "ErrImagePull" };
    const pullsElsewhere = seen([{ ...elsewhere, pullSecret: "ghcr-pull", isSecretAbsent: true }]);
    const { causes, secrets } = explain({ ...healthy(), pullsElsewhere }, stack);
    assert.equal(causes[0]?.code, "pull-secret-missing-here");
    assert.match(causes[0]?.fix ?? "", /^add operators to registry.additionalNamespaces in Pulumi.dev.yaml/);
    assert.deepEqual(
      secrets.filter(({ brokenAt }) => brokenAt !== undefined),
      [],
    );
  });
});
