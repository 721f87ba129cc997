import assert from "node:assert/strict";
import { fullName, kindOfType, parseFullName } from "../../../../stand-ins/providers/kubernetes/kube-object.ts";

describe("kindOfType", () => {
  it("reads group, version and kind of core, grouped and custom types", () => {
    assert.deepEqual(kindOfType("kubernetes:core/v1:ConfigMap"), {
      apiVersion: "v1",
      kind: "ConfigMap",
      isPatch: false,
    });
    assert.deepEqual(kindOfType("kubernetes:external-secrets.io/v1:ExternalSecret"), {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      isPatch: false,
    });
  });

  it("reads a patch as the kind that it patches", () => {
    assert.deepEqual(kindOfType("kubernetes:core/v1:ServiceAccountPatch"), {
      apiVersion: "v1",
      kind: "ServiceAccount",
      isPatch: true,
    });
  });
});

describe("fullName", () => {
  it("is read back by parseFullName, with a namespace and without", () => {
    for (const name of [
      { name: "a", namespace: "ns" },
      { name: "a", namespace: undefined },
    ]) {
      assert.deepEqual(parseFullName(fullName(name)), name);
    }
  });
});
