import assert from "node:assert/strict";
import { KubernetesProvider } from "../../../../stand-ins/providers/kubernetes/provider.ts";
import { unknown, type PropertyMap } from "../../../../stand-ins/providers/property-value.ts";

async function offline(options: PropertyMap = {}): Promise<KubernetesProvider> {
  const provider = new KubernetesProvider(undefined);
  await provider.configure(options);
  return provider;
}

async function check(type: string, inputs: PropertyMap, options: PropertyMap = {}) {
  const request = {
    urn: "urn:a",
    type: `kubernetes:${type}`,
    name: "a",
    oldInputs: {},
    randomSeed: new Uint8Array(32),
  };
  return (await offline(options)).check({ ...request, inputs });
}

async function diff(type: string, oldInputs: PropertyMap, inputs: PropertyMap, options: PropertyMap = {}) {
  const request = { urn: "urn:a", type: `kubernetes:${type}`, name: "a", id: "ns/a", oldOutputs: oldInputs };
  const result = await (await offline(options)).diff({ ...request, oldInputs, inputs, ignoreChanges: [] });
  const replaced = [...result.changes].filter(([, change]) => change.replaces).map(([path]) => path);
  return { changed: [...result.changes.keys()], replaced, deletesFirst: result.deleteBeforeReplace };
}

describe("KubernetesProvider.check", () => {
  it("puts what has a namespace into the default one, or the provider's", async () => {
    const metadata = { name: "a" };
    const account = await check("core/v1:ServiceAccount", { metadata });
    assert.deepEqual(account.inputs, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "a", namespace: "default" },
    });
    const store = await check("external-secrets.io/v1:SecretStore", { metadata }, { namespace: "ameide-dev" });
    assert.deepEqual(store.inputs["metadata"], { name: "a", namespace: "ameide-dev" });
  });

  it("puts what belongs to the cluster into none", async () => {
    for (const type of [
      "core/v1:Namespace",
      "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
      "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
    ]) {
      assert.deepEqual((await check(type, { metadata: { name: "a" } })).inputs["metadata"], { name: "a" });
    }
  });

  it("keeps a namespace that is not known yet", async () => {
    const { inputs } = await check("core/v1:ConfigMap", { metadata: { name: "a", namespace: unknown } });
    assert.equal((inputs["metadata"] as PropertyMap)["namespace"], unknown);
  });

  it("fails on a patch that names no object", async () => {
    const { failures } = await check("core/v1:ServiceAccountPatch", { imagePullSecrets: [] });
    assert.deepEqual(failures, [{ property: "metadata.name", reason: "a Patch resource names its object" }]);
  });

  it("fails on a condition that it would not understand later", async () => {
    const metadata = { name: "a", annotations: { "pulumi.com/waitFor": "Ready" } };
    const { failures } = await check("external-secrets.io/v1:SecretStore", { metadata });
    assert.match(failures?.[0]?.reason ?? "", /use condition=TYPE/);
  });
});

describe("KubernetesProvider.diff", () => {
  const metadata = { name: "a", namespace: "ns" };

  it("replaces for another name or namespace, and makes the new one first", async () => {
    assert.deepEqual(await diff("core/v1:ServiceAccount", { metadata }, { metadata: { ...metadata, name: "b" } }), {
      changed: ["metadata.name"],
      replaced: ["metadata.name"],
      deletesFirst: false,
    });
  });

  it("replaces for what the API server lets no one change, and deletes first where the name stays", async () => {
    for (const [type, before, after, path] of [
      ["core/v1:ConfigMap", { data: { a: "1" } }, { data: { a: "2" } }, "data.a"],
      ["batch/v1:Job", { spec: { template: { x: 1 } } }, { spec: { template: { x: 2 } } }, "spec.template.x"],
      [
        "rbac.authorization.k8s.io/v1:RoleBinding",
        { roleRef: { name: "a" } },
        { roleRef: { name: "b" } },
        "roleRef.name",
      ],
    ] as const) {
      assert.deepEqual(await diff(type, { metadata, ...before }, { metadata, ...after }), {
        changed: [path],
        replaced: [path],
        deletesFirst: true,
      });
    }
  });

  it("makes the new one first where its name was generated", async () => {
    const generated = { ...metadata, annotations: { "pulumi.com/autonamed": "true" } };
    const before = { metadata: generated, data: { a: "1" } };
    assert.equal((await diff("core/v1:ConfigMap", before, { ...before, data: { a: "2" } })).deletesFirst, false);
  });

  it("updates everything else in place, of a ServiceAccount and of a Job's suspension", async () => {
    const account = await diff("core/v1:ServiceAccount", { metadata }, { metadata, imagePullSecrets: [{ name: "s" }] });
    assert.deepEqual([account.changed, account.replaced], [["imagePullSecrets"], []]);
    const job = await diff(
      "batch/v1:Job",
      { metadata, spec: { suspend: true } },
      { metadata, spec: { suspend: false } },
    );
    assert.deepEqual([job.changed, job.replaced], [["spec.suspend"], []]);
  });

  it("replaces a patch for its object's identity only", async () => {
    const patch = await diff("core/v1:ConfigMapPatch", { metadata, data: { a: "1" } }, { metadata, data: { a: "2" } });
    assert.deepEqual([patch.changed, patch.replaced], [["data.a"], []]);
  });

  it("updates a ConfigMap in place where the program's provider says so", async () => {
    const options = { enableConfigMapMutable: "true" };
    const result = await diff(
      "core/v1:ConfigMap",
      { metadata, data: { a: "1" } },
      { metadata, data: { a: "2" } },
      options,
    );
    assert.deepEqual(result.replaced, []);
  });

  it("replaces for a value that is not known yet, where its change would replace", async () => {
    const result = await diff("core/v1:ConfigMap", { metadata, data: { a: "1" } }, { metadata, data: { a: unknown } });
    assert.deepEqual(result.replaced, ["data.a"]);
  });

  it("does not replace a Job as unready offline, where nothing tells that it is", async () => {
    const job = { metadata: { ...metadata, annotations: { "pulumi.com/replaceUnready": "true" } } };
    assert.deepEqual((await diff("batch/v1:Job", job, job)).changed, []);
  });
});
