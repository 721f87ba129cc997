import assert from "node:assert/strict";
import type { ResourceTransformationArgs } from "@pulumi/pulumi";
import { serverSideApply } from "../../components/providers.ts";

const manager = { "pulumi.com/patchFieldManager": "ameide-secrets" };
const force = { "pulumi.com/patchForce": "true" };

function applied(type: string, metadata: object) {
  return serverSideApply({ type, props: { metadata, kind: "x" }, opts: {} } as unknown as ResourceTransformationArgs)
    ?.props;
}

describe("serverSideApply", () => {
  it("applies as one manager and lets the program win in what is its own as a whole, other annotations kept", () =>
    assert.deepEqual(applied("kubernetes:batch/v1:CronJob", { name: "a", annotations: { b: "c" } }), {
      metadata: { name: "a", annotations: { b: "c", ...manager, ...force } },
      kind: "x",
    }));
  it("forces an admission policy as well: the API server fills in defaults that its creation then owns", () =>
    assert.deepEqual(applied("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", { name: "a" }), {
      metadata: { name: "a", annotations: { ...manager, ...force } },
      kind: "x",
    }));
  it("forces nothing in a namespace, which holds what others own", () =>
    assert.deepEqual(applied("kubernetes:core/v1:Namespace", { name: "a" }), {
      metadata: { name: "a", annotations: manager },
      kind: "x",
    }));
  it("deletes before it replaces what has a fixed name and holds nothing", () => {
    const opts = (type: string) =>
      serverSideApply({ type, props: {}, opts: { protect: true } } as unknown as ResourceTransformationArgs)?.opts;
    for (const type of [
      "batch/v1:CronJob",
      "core/v1:ServiceAccount",
      "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
    ]) {
      assert.deepEqual(opts(`kubernetes:${type}`), { protect: true, deleteBeforeReplace: true }, type);
    }
    for (const type of ["core/v1:ConfigMap", "core/v1:Namespace", "external-secrets.io/v1:ExternalSecret"])
      assert.deepEqual(opts(`kubernetes:${type}`), { protect: true }, type);
  });
  it("leaves a patch of another's account alone, whose conflict is to be told", () =>
    assert.equal(applied("kubernetes:core/v1:ServiceAccountPatch", { name: "default" }), undefined));
  it("leaves alone what is not Kubernetes's", () => assert.equal(applied("vault:index/policy:Policy", {}), undefined));
});
