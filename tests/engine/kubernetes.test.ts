import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ConfigMap,
  Namespace,
  PodTemplate,
  Secret,
  ServiceAccount,
  ServiceAccountPatch,
} from "@pulumi/kubernetes/core/v1/index.js";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import { secret } from "@pulumi/pulumi";
import { KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import { homeCluster } from "../../local/servers/cluster-call.ts";
import { useEngine, type Program } from "../support/engine.ts";
import { useSharedServers } from "../support/shared-servers.ts";
import { liveProviders, onCluster, preview, up } from "./live-providers.ts";

interface Live {
  readonly metadata: { readonly labels?: Record<string, string>; readonly uid: string };
  readonly data?: Record<string, string>;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

describe("kubernetes with the real provider, on a real API server", function () {
  this.timeout(120_000);
  const servers = useSharedServers(["kube-controller-manager"]);
  const engine = useEngine("local", () => liveProviders(servers().home));
  const open = (program: Program) => engine.open(onCluster(servers().home, program));
  let api: KubernetesClient;

  before(() => {
    api = homeCluster(servers().home);
  });
  after(() => api.close());

  const objects = (label: string, data: string, role: string) => () => {
    const namespace = new Namespace("ns", { metadata: { name: "chain" } });
    const inNamespace = { namespace: namespace.metadata.name };
    const account = new ServiceAccount("account", {
      metadata: { ...inNamespace, name: "reader", labels: { part: label } },
    });
    new ConfigMap("config", { metadata: { ...inNamespace, name: "bundle" }, data: { text: data } });
    new Secret("secret", {
      metadata: { ...inNamespace, name: "value" },
      stringData: { token: secret("canary-value") },
    });
    new RoleBinding("binding", {
      metadata: { ...inNamespace, name: "readers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: account.metadata.namespace }],
    });
    return Promise.resolve();
  };

  it("creates what is planned, and then plans nothing", async () => {
    const stack = await open(objects("one", "text", "view"));
    assert.deepEqual((await up(stack)).length, 5);
    assert.deepEqual(await preview(stack), []);
    assert.deepEqual(await up(stack), []);
  });

  it("updates a field in place", async () => {
    const before = await api.get<Live>("/api/v1/namespaces/chain/serviceaccounts/reader");
    const stack = await open(objects("two", "text", "view"));
    assert.deepEqual(await up(stack), ["update kubernetes:core/v1:ServiceAccount account"]);
    const after = await api.get<Live>("/api/v1/namespaces/chain/serviceaccounts/reader");
    assert.equal(after.metadata.labels?.["part"], "two");
    assert.equal(after.metadata.uid, before.metadata.uid);
  });

  it("replaces what the API server does not allow to change, and deletes first", async () => {
    const before = await api.get<Live>("/apis/rbac.authorization.k8s.io/v1/namespaces/chain/rolebindings/readers");
    const stack = await open(objects("two", "other text", "edit"));
    const steps = await up(stack);
    for (const type of ["core/v1:ConfigMap config", "rbac.authorization.k8s.io/v1:RoleBinding binding"]) {
      assert.deepEqual(
        steps.filter((step) => step.endsWith(type)),
        [`delete-replaced kubernetes:${type}`, `replace kubernetes:${type}`, `create-replacement kubernetes:${type}`],
      );
    }
    const after = await api.get<Live>("/apis/rbac.authorization.k8s.io/v1/namespaces/chain/rolebindings/readers");
    assert.notEqual(after.metadata.uid, before.metadata.uid);
    assert.equal((await api.get<Live>("/api/v1/namespaces/chain/configmaps/bundle")).data?.["text"], "other text");
  });

  it("keeps a secret input out of the state, in every form", async () => {
    const state = readFileSync(join(engine.folder, "state/.pulumi/stacks/ameide-secrets/local.json"), "utf8");
    const live = await api.get<Live>("/api/v1/namespaces/chain/secrets/value");
    assert.equal(live.data?.["token"], btoa("canary-value"));
    assert.equal(state.includes("kubernetes:core/v1:Secret"), true);
    assert.equal(state.includes("canary-value"), false);
    assert.equal(state.includes(btoa("canary-value")), false);
  });

  it("sees drift after a refresh, and fixes it", async () => {
    await api.patch("/api/v1/namespaces/chain/serviceaccounts/reader", { metadata: { labels: { part: null } } });
    await api.remove("/api/v1/namespaces/chain/secrets/value");
    const stack = await open(objects("two", "other text", "edit"));
    assert.deepEqual(await preview(stack), []);
    await stack.refresh();
    assert.deepEqual((await preview(stack)).toSorted(), [
      "create kubernetes:core/v1:Secret secret",
      "update kubernetes:core/v1:ServiceAccount account",
    ]);
    await up(stack);
    const mended = await api.get<Live>("/api/v1/namespaces/chain/serviceaccounts/reader");
    assert.equal(mended.metadata.labels?.["part"], "two");
  });

  it("fails if another manager changed a field meanwhile, naming manager and field", async () => {
    const path = "/api/v1/namespaces/chain/serviceaccounts/reader";
    await api.patch(`${path}?fieldManager=argocd`, { metadata: { labels: { part: "theirs" } } });
    const stack = await open(objects("three", "other text", "edit"));
    await assert.rejects(preview(stack), /conflict with "argocd".*metadata\.labels\.part/);
    assert.equal((await api.get<Live>(path)).metadata.labels?.["part"], "theirs");
  });

  it("destroys what it created, and waits until it is gone", async () => {
    const stack = await open(objects("two", "other text", "edit"));
    await stack.destroy();
    await assert.rejects(api.get("/api/v1/namespaces/chain"), (error) => (error as KubernetesError).status === 404);
  });

  it("fails to create what another manager created, naming it, and does not change it", async () => {
    await api.create("/api/v1/namespaces/default/configmaps?fieldManager=argocd", {
      metadata: { name: "theirs" },
      data: { key: "their text" },
    });
    const stack = await open(() => {
      new ConfigMap("config", { metadata: { name: "theirs" }, data: { key: "our text" } });
      return Promise.resolve();
    });
    await assert.rejects(up(stack), /conflict with "argocd" using v1: \.data\.key/);
    assert.deepEqual((await api.get<Live>("/api/v1/namespaces/default/configmaps/theirs")).data, { key: "their text" });
  });

  it("adopts what it created in an update that ended before its state was written", async () => {
    const stack = await open(() => {
      new ConfigMap("config", { metadata: { name: "ours" }, data: { key: "text" } });
      return Promise.resolve();
    });
    const empty = await stack.exportStack();
    await up(stack);
    const before = await api.get<Live>("/api/v1/namespaces/default/configmaps/ours");
    await stack.importStack(empty);
    assert.deepEqual(await up(stack), ["create kubernetes:core/v1:ConfigMap config"]);
    assert.equal((await api.get<Live>("/api/v1/namespaces/default/configmaps/ours")).metadata.uid, before.metadata.uid);
    await stack.destroy();
  });

  it("imports what already exists, and does not change it", async () => {
    await api.create("/api/v1/namespaces/default/configmaps?fieldManager=argocd", {
      metadata: { name: "adopted", labels: { app: "theirs" } },
      data: { key: "text" },
    });
    const stack = await open(() => {
      const metadata = { name: "adopted", namespace: "default", labels: { app: "theirs" } };
      new ConfigMap(
        "adopted",
        { metadata, data: { key: "text" } },
        { import: "default/adopted", retainOnDelete: true },
      );
      return Promise.resolve();
    });
    assert.deepEqual(await up(stack), ["import kubernetes:core/v1:ConfigMap adopted"]);
    assert.deepEqual(await preview(stack), []);
    await stack.destroy();
    assert.deepEqual((await api.get<Live>("/api/v1/namespaces/default/configmaps/adopted")).data, { key: "text" });
  });

  it("drops fields that the API server does not know, as the real provider does", async () => {
    const stack = await open(() => {
      const metadata = { name: "typo", labelz: {}, labels: { app: "ours" } } as object;
      new ConfigMap("config", { metadata, data: { key: "text" } });
      const template = { spec: { containers: [{ name: "main", image: "node", imagePulPolicy: "Always" } as object] } };
      new PodTemplate("template", { metadata: { name: "typo" }, template: template as never });
      return Promise.resolve();
    });
    assert.equal((await preview(stack)).length, 2);
    assert.equal((await up(stack)).length, 2);
    const { metadata } = await api.get<Live>("/api/v1/namespaces/default/configmaps/typo");
    assert.deepEqual([metadata.labels, "labelz" in metadata], [{ app: "ours" }, false]);
    assert.deepEqual(await preview(stack), []);
    await stack.destroy();
  });

  it("patches a field of another owner's object, and releases it again", async () => {
    const stack = await open(() => {
      new ServiceAccountPatch("pull", { metadata: { name: "default" }, imagePullSecrets: [{ name: "ghcr-pull" }] });
      return Promise.resolve();
    });
    const account = () => api.get<Live>("/api/v1/namespaces/default/serviceaccounts/default");
    const before = await account();
    await up(stack);
    assert.deepEqual((await account()).imagePullSecrets, [{ name: "ghcr-pull" }]);
    assert.deepEqual(await up(stack), []);
    await stack.destroy();
    assert.equal((await account()).imagePullSecrets, undefined);
    assert.equal((await account()).metadata.uid, before.metadata.uid);
  });
});
