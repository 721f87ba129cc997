import assert from "node:assert/strict";
import { expectedDeliveries } from "../../../domain/plan/update-check.ts";
import { environmentStack, localStack } from "../../support/stacks.ts";

const names = (stack: Parameters<typeof expectedDeliveries>[0]) =>
  [...expectedDeliveries(stack)].map(({ namespace, name }) => `${namespace}/${name}`);

const pull = ["ameide-dev/ghcr-pull-sync", "argocd/ghcr-pull-sync"];

describe("expectedDeliveries", () => {
  it("holds those whose every value something promises, and leaves out those that may lack one", () =>
    assert.deepEqual(names(environmentStack()), pull));

  it("holds one whose values this very update brings", () =>
    assert.deepEqual(
      names(localStack({ "anthropic-api-key": "canary", "openai-api-key": "canary" })).at(-1),
      "ameide-local/inference-api-credentials-sync",
    ));

  it("leaves out one of whose values the update brings only some", () =>
    assert.ok(!names(localStack({ "anthropic-api-key": "canary" })).some((name) => name.includes("inference"))));
});
