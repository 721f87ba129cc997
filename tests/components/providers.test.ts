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
  it("applies as one field manager with force for objects of the program, and keeps other annotations", () =>
    assert.deepEqual(applied("kubernetes:batch/v1:CronJob", { name: "a", annotations: { b: "c" } }), {
      metadata: { name: "a", annotations: { b: "c", ...manager, ...force } },
      kind: "x",
    }));
  it("applies an admission policy with force as well, because the API server fills in defaults", () =>
    assert.deepEqual(applied("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", { name: "a" }), {
      metadata: { name: "a", annotations: { ...manager, ...force } },
      kind: "x",
    }));
  it("does not use force in a namespace, which has fields of other owners", () =>
    assert.deepEqual(applied("kubernetes:core/v1:Namespace", { name: "a" }), {
      metadata: { name: "a", annotations: manager },
      kind: "x",
    }));
  it("deletes an object with a fixed name and no data before it replaces it", () => {
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
  it("does not force a patch of another owner's account, so that a conflict is reported", () =>
    assert.equal(applied("kubernetes:core/v1:ServiceAccountPatch", { name: "default" }), undefined));
  it("does not change resources of other providers", () =>
    assert.equal(applied("vault:index/policy:Policy", {}), undefined));
});
