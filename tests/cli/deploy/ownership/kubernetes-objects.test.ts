import assert from "node:assert/strict";
import { openCluster } from "../../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../../clients/kubernetes.ts";
import { handedOver } from "../../../../cli/deploy/ownership/kubernetes-objects.ts";
import type { Change } from "../../../../cli/deploy/engine/change.ts";
import { ourLabels } from "../../../../domain/manifests/labels.ts";
import { localContext } from "../../../../local/home.ts";
import { applyObject, homeCluster } from "../../../../local/servers/cluster-call.ts";
import { useSharedServers } from "../../../support/shared-servers.ts";
import { environmentStack } from "../../../support/stacks.ts";
import { foundBy } from "./found-by.ts";

describe("refuseForeign, with a cluster that ArgoCD and others write to", function () {
  this.timeout(120_000);
  const servers = useSharedServers(["kube-apiserver"]);
  const plan = environmentStack("dev");
  let cluster: Cluster;

  before(async () => {
    cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: localContext });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ameide-dev" } };
    await applyObject(servers().home, "/api/v1/namespaces/ameide-dev", namespace);
    const tracked = { "argocd.argoproj.io/tracking-id": "dev-foundation:/ConfigMap:ameide-dev/tracked" };
    await configMap("tracked", { annotations: tracked, labels: ourLabels });
    await configMap("released", { annotations: { "meta.helm.sh/release-name": "vault-bootstrap" } });
    await configMap("instance", { labels: { "app.kubernetes.io/instance": "dev-foundation" } });
    await configMap("by-hand", {});
    await configMap("ours", { labels: ourLabels });
  });

  const configMap = (name: string, metadata: object) =>
    applyObject(servers().home, `/api/v1/namespaces/ameide-dev/configmaps/${name}`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, ...metadata },
      data: { key: "value" },
    });
  const change = (operation: Change["operation"], object: string, type = "kubernetes:core/v1:ConfigMap"): Change => ({
    operation,
    type,
    object,
    name: object,
    stage: "bootstrap",
    differs: [],
    urn: `urn:pulumi:dev::ameide-secrets::${type}::${object}`,
  });
  const subjects = async (...changes: readonly Change[]) =>
    (await foundBy(changes, plan, { cluster })).map(({ subject }) => subject);

  it("refuses an object of another owner, naming both owners and how to release it", async () => {
    const objects = ["tracked", "released", "instance", "by-hand"].map((name) => `ameide-dev/${name}`);
    const found = await foundBy(
      objects.map((object) => change("create", object)),
      plan,
      { cluster },
    );
    assert.deepEqual(
      found.map(({ problem }) => problem.replace("; the stack dev of this program would also write it", "")),
      [
        'ConfigMap ameide-dev/tracked belongs to the ArgoCD application "dev-foundation"',
        'ConfigMap ameide-dev/released belongs to the Helm release "vault-bootstrap"',
        'ConfigMap ameide-dev/instance belongs to "dev-foundation" of ArgoCD or Helm (label app.kubernetes.io/instance)',
        'ConfigMap ameide-dev/by-hand belongs to somebody else (written by "ameide-secrets-local")',
      ],
    );
    assert.match(found[0]?.fix ?? "", /delivery "gitops" in environments\/dev\.ts/);
    assert.equal(
      found[3]?.fix,
      `if nothing else writes it any more, hand it over to this program: kubectl --context ameide-local -n ameide-dev patch configmap by-hand --type=merge -p '${JSON.stringify(handedOver("v1"))}'`,
    );
  });

  it("allows objects that do not exist, that an earlier run left, and kinds that the cluster does not know", async () =>
    assert.deepEqual(
      await subjects(
        change("create", "ameide-dev/new"),
        change("create", "ameide-dev/ours"),
        change("create", "ameide-dev/new", "kubernetes:external-secrets.io/v1:ExternalSecret"),
      ),
      [],
    ));

  it("refuses an update of what ArgoCD now tracks, and allows one of what somebody relabelled", async () =>
    assert.deepEqual(await subjects(change("update", "ameide-dev/tracked"), change("update", "ameide-dev/by-hand")), [
      "ameide-dev/tracked",
    ]));

  it("ignores what is only patched, deleted or unchanged", async () =>
    assert.deepEqual(
      await subjects(
        change("create", "ameide-dev/tracked", "kubernetes:core/v1:ConfigMapPatch"),
        change("delete", "ameide-dev/tracked"),
        change("same", "ameide-dev/tracked"),
      ),
      [],
    ));

  it("allows the object after the printed fix, and another field manager may then write it", async () => {
    const path = "/api/v1/namespaces/ameide-dev/configmaps/by-hand";
    const object = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "by-hand", labels: ourLabels },
      data: { key: "ours" },
    };
    const apply = () =>
      homeCluster(servers().home).apply(path, object, { fieldManager: "ameide-secrets", force: false });
    await assert.rejects(apply(), /conflict with "ameide-secrets-local"/);
    await cluster.patch(path, handedOver("v1"));
    assert.deepEqual(await subjects(change("create", "ameide-dev/by-hand")), []);
    await apply();
    assert.deepEqual((await cluster.get(path))["data"], { key: "ours" });
  });
});
