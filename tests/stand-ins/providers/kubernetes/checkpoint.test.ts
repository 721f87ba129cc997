import assert from "node:assert/strict";
import { fieldManagerOf, importedInputs, outputsOf } from "../../../../stand-ins/providers/kubernetes/checkpoint.ts";
import type { KubeObject } from "../../../../stand-ins/providers/kubernetes/kube-object.ts";
import { SecretProperty } from "../../../../stand-ins/providers/property-value.ts";

const live: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "a", namespace: "ns", uid: "1", managedFields: [{ manager: "m", operation: "Apply" }] },
  data: { token: "dg==", user: "dQ==" },
  status: {},
};

describe("fieldManagerOf", () => {
  it("is the same for the same resource, and another for another", () => {
    assert.match(fieldManagerOf("urn:a", {}), /^pulumi-kubernetes-[0-9a-f]{8}$/);
    assert.equal(fieldManagerOf("urn:a", {}), fieldManagerOf("urn:a", {}));
    assert.notEqual(fieldManagerOf("urn:a", {}), fieldManagerOf("urn:b", {}));
  });

  it("stays what state says when the resource is renamed, unless the program names one", () => {
    assert.equal(fieldManagerOf("urn:new", {}, { __fieldManager: "old" }), "old");
    const inputs = { metadata: { annotations: { "pulumi.com/patchFieldManager": "mine" } } };
    assert.equal(fieldManagerOf("urn:new", inputs, { __fieldManager: "old" }), "mine");
  });
});

describe("outputsOf", () => {
  it("keeps secret in data what was secret in stringData, and only that", () => {
    const outputs = outputsOf(live, { stringData: { token: new SecretProperty("v"), user: "u" } }, "m");
    const data = outputs["data"] as Record<string, unknown>;
    assert.equal(data["token"] instanceof SecretProperty, true);
    assert.equal(data["user"], "dQ==");
    const whole = outputsOf(live, { stringData: new SecretProperty({ token: "v" }) }, "m");
    assert.equal(whole["data"] instanceof SecretProperty, true);
  });

  it("names the field manager", () => {
    assert.equal(outputsOf(live, {}, "m")["__fieldManager"], "m");
  });
});

describe("importedInputs", () => {
  it("is the object without what only the server sets", () => {
    assert.deepEqual(importedInputs(live), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "a", namespace: "ns" },
      data: { token: "dg==", user: "dQ==" },
    });
  });

  it("is only the name of a custom resource", () => {
    const store = { ...live, apiVersion: "external-secrets.io/v1", kind: "SecretStore" };
    assert.deepEqual(importedInputs(store), {
      apiVersion: "external-secrets.io/v1",
      kind: "SecretStore",
      metadata: { name: "a", namespace: "ns" },
    });
  });
});
