import assert from "node:assert/strict";
import type { ResourceTransformationArgs } from "@pulumi/pulumi";
import { ruling } from "../../components/ruling.ts";

const force = { "pulumi.com/patchForce": "true" };

function ruled(type: string, metadata: object) {
  return ruling({ type, props: { metadata, kind: "x" }, opts: {} } as unknown as ResourceTransformationArgs)?.props;
}

describe("ruling", () => {
  it("lets the program win in objects that are its own as a whole, and keeps their annotations", () =>
    assert.deepEqual(ruled("kubernetes:batch/v1:CronJob", { name: "a", annotations: { b: "c" } }), {
      metadata: { name: "a", annotations: { b: "c", ...force } },
      kind: "x",
    }));
  it("leaves a patch of another's account alone, whose conflict is to be told", () =>
    assert.equal(ruled("kubernetes:core/v1:ServiceAccountPatch", { name: "default" }), undefined));
  it("leaves alone what is not Kubernetes's", () => assert.equal(ruled("vault:index/policy:Policy", {}), undefined));
});
