import assert from "node:assert/strict";
import { openCluster } from "../../../../clients/kubeconfig.ts";
import { KubernetesError, type Cluster } from "../../../../clients/kubernetes.ts";
import { LiveObjects } from "../../../../cli/deploy/ownership/kubernetes-objects.ts";
import { refuseForeignObjects } from "../../../../cli/deploy/ownership/ownership.ts";
import { checkRendered } from "../../../../cli/deploy/preflight.ts";
import { renderManifests, type Manifest } from "../../../../domain/manifests/render.ts";
import type { EnvironmentStack } from "../../../../domain/plan/environment.ts";
import { UserError } from "../../../../domain/user-error.ts";
import { localContext } from "../../../../local/home.ts";
import { homeCluster } from "../../../../local/servers/cluster-call.ts";
import { applyCrds } from "../../../../local/servers/cluster-objects.ts";
import { useSharedServers } from "../../../support/shared-servers.ts";
import { environmentStack } from "../../../support/stacks.ts";
import { foundBy } from "./found-by.ts";

const dev = environmentStack("dev");
const gitops: EnvironmentStack = { ...dev, strictness: { ...dev.strictness, delivery: "gitops" } };

describe("a stack with delivery gitops, before ArgoCD applies what render writes", function () {
  this.timeout(120_000);
  const servers = useSharedServers(["kube-apiserver"]);
  let cluster: Cluster;
  let live: LiveObjects;

  before(async () => {
    const { home, binaries } = servers();
    cluster = await openCluster({ kubeconfig: home.kubeconfig, context: localContext });
    live = new LiveObjects(cluster);
    await applyCrds(home, binaries);
    await namespace("ameide-dev");
  });

  const namespace = (name: string) =>
    cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });

  const typeOf = ({ apiVersion, kind }: Manifest) =>
    `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
  /** As ArgoCD applies an object, with the annotation or the label that it tracks it by. */
  const sync = async (application: string, manifest: Manifest, by: "annotation" | "label" = "annotation") => {
    const { metadata, kind, apiVersion } = manifest;
    const { name, namespace } = metadata;
    const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
    const id = `${application}:${group}/${kind}:${namespace ?? "ameide-dev"}/${name}`;
    const annotations = by === "annotation" ? { "argocd.argoproj.io/tracking-id": id } : {};
    const labels = by === "label" ? { "app.kubernetes.io/instance": application } : {};
    const path = await live.pathOf(typeOf(manifest), namespace === undefined ? name : `${namespace}/${name}`);
    assert.ok(path, kind);
    const tracked = {
      ...manifest,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, ...annotations },
        labels: { ...metadata.labels, ...labels },
      },
    };
    await homeCluster(servers().home).apply(path, tracked, { fieldManager: "argocd-controller" });
    return { path, remove: () => cluster.remove(path) };
  };
  const found = async (plan = gitops) =>
    (await foundBy([], plan, { cluster })).map(({ code, subject }) => `${code} ${subject}`);
  const named = (...argocdApplications: readonly string[]): EnvironmentStack => ({
    ...gitops,
    cluster: { ...gitops.cluster, argocdApplications: [...argocdApplications] },
  });
  const rendered = () => renderManifests(gitops, { clientId: "" }).map(({ object }) => object);
  const one = (kind: string, name: string) => {
    const object = rendered().find((each) => each.kind === kind && each.metadata.name === name);
    assert.ok(object, name);
    return object;
  };

  it("refuses an object with our name of another application or an unknown owner, and prints what to do", async () => {
    assert.deepEqual(await found(), []);
    const { labels: _, ...metadata } = one("ExternalSecret", "ghcr-pull-sync").metadata;
    const theirs = { ...one("ExternalSecret", "ghcr-pull-sync"), metadata };
    const { remove } = await sync("foundation", theirs);
    const [finding] = await foundBy([], gitops, { cluster });
    assert.equal(
      finding?.problem,
      `ExternalSecret ${metadata.namespace}/ghcr-pull-sync belongs to the ArgoCD application "foundation"; ArgoCD would also write it, from what render writes for the stack dev`,
    );
    assert.match(finding.fix, /add it to cluster\.argocdApplications in Pulumi\.dev\.yaml, or take it out of the app/);
    assert.deepEqual(await found(named("foundation")), []);
    assert.deepEqual(await found(named("secrets")), [`object-has-owner ${metadata.namespace}/ghcr-pull-sync`]);
    await remove();
  });

  it("refuses a Secret that something else created, a store whose users would lose access, and pull secrets of other owners", async () => {
    const eso = "/apis/external-secrets.io/v1/namespaces/ameide-dev/externalsecrets";
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "langfuse-secrets" } };
    await cluster.create("/api/v1/namespaces/ameide-dev/secrets", secret);
    await cluster.create(eso, {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "cut-off" },
      spec: {
        secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
        data: [{ secretKey: "key", remoteRef: { key: "platform-db-password", property: "value" } }],
      },
    });
    const account = "/api/v1/namespaces/ameide-dev/serviceaccounts/default";
    const list = { apiVersion: "v1", kind: "ServiceAccount", imagePullSecrets: [{ name: "acr-pull" }] };
    await homeCluster(servers().home).apply(
      account,
      { ...list, metadata: { name: "default" } },
      { fieldManager: "others" },
    );
    const expected = [
      "target-has-owner ameide-dev/langfuse-secrets",
      "store-cuts-off ameide-dev/ameide-vault",
      "pull-secrets-of-others ameide-dev/default",
    ];
    assert.deepEqual(await found(), expected);
    // render --check reports in the same pass what the cluster lacks
    const refused = await checkRendered(dev, cluster).then(() => assert.fail("passed"), codesOf);
    const codes = expected.map((text) => text.split(" ")[0] ?? "");
    assert.deepEqual(refused, [...codes, "namespace-missing"].toSorted());
    for (const path of [`${eso}/cut-off`, account, "/api/v1/namespaces/ameide-dev/secrets/langfuse-secrets"])
      await cluster.remove(path);
  });

  it("fails in plain pulumi as well", async () => {
    const { remove } = await sync("foundation", {
      ...one("SecretStore", "ameide-vault"),
      metadata: { name: "ameide-vault", namespace: "ameide-dev" },
    });
    const stack = {
      ...gitops,
      cluster: { ...gitops.cluster, kubeconfig: servers().home.kubeconfig, context: localContext },
    };
    const refused = await refuseForeignObjects(stack, { isPreview: true, warn: assert.fail }).then(
      () => assert.fail("passed"),
      codesOf,
    );
    assert.deepEqual(refused, ["object-has-owner"]);
    await remove();
  });

  it("allows what ArgoCD applied of it, by annotation or by label, only from the named applications", async () => {
    await namespace("argocd");
    for (const object of rendered()) await sync("secrets", object, object.kind === "Role" ? "label" : "annotation");
    assert.deepEqual(await found(), []);
    assert.deepEqual(await found(named("secrets")), []);
    assert.ok((await found(named("other"))).includes(`object-has-owner ameide-dev/${gitops.bootstrap.name}`));
    const [first] = await foundBy([{ ...pulumiUpdate, object: `ameide-dev/${gitops.bootstrap.name}` }], dev, {
      cluster,
    });
    assert.match(first?.fix ?? "", /only one of the two may write it: set delivery "gitops"/);
    await checkRendered(dev, cluster);
  });

  it("fails on objects that may not be read", async () => {
    const find = () => Promise.reject(new KubernetesError(403, "forbidden"));
    const codes = (await foundBy([], gitops, { cluster: { ...cluster, context: "c", find } as Cluster })).map(
      ({ code }) => code,
    );
    assert.deepEqual([...new Set(codes)], ["cannot-look"]);
  });
});

const pulumiUpdate = {
  operation: "update" as const,
  type: "kubernetes:batch/v1:CronJob",
  name: "cron-job",
  stage: "bootstrap" as const,
  differs: [],
  urn: "",
};

function codesOf(error: unknown): readonly string[] {
  assert.ok(error instanceof UserError, String(error));
  return error.findings.map(({ code }) => code).toSorted();
}
