import assert from "node:assert/strict";
import { chainDigest } from "../../../domain/manifests/bootstrap.ts";
import { azure, environmentStack } from "../../support/stacks.ts";

describe("chainDigest", () => {
  const stack = environmentStack();
  const { bootstrap } = stack;
  const digest = chainDigest(stack);

  it("is the same for the same plan", () => assert.equal(chainDigest(environmentStack()), digest));

  for (const [what, changes] of [
    ["the bundle", { bootstrap: { ...bootstrap, bundle: "// another" } }],
    ["the image", { bootstrap: { ...bootstrap, image: "r@sha256:1" } }],
    ["the runId", { bootstrap: { ...bootstrap, runId: "again" } }],
    ["the configuration", { bootstrap: { ...bootstrap, config: { ...bootstrap.config, claimUnmarked: true } } }],
    ["a variable of the pod", { azure: { ...azure, authorityHost: "https://login.example/" } }],
    ["a CA that the pod trusts", { azure: { ...azure, extraCaPem: "PEM" } }],
  ] as const) {
    it(`differs if ${what} does`, () => assert.notEqual(chainDigest(environmentStack("dev", changes)), digest));
  }

  it("differs when a value has a new version", () => {
    assert.notEqual(chainDigest(stack, ["https://kv/a/1"]), chainDigest(stack, ["https://kv/a/2"]));
    assert.notEqual(chainDigest(stack, ["https://kv/a/1"]), digest);
  });
});
