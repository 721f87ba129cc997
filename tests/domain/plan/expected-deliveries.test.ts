import assert from "node:assert/strict";
import { expectedDeliveries } from "../../../domain/plan/update-check.ts";
import { environmentStack, localStack } from "../../support/stacks.ts";

const names = (stack: Parameters<typeof expectedDeliveries>[0]) =>
  [...expectedDeliveries(stack)].map(({ namespace, name }) => `${namespace}/${name}`);

const pull = ["ameide-dev/ghcr-pull-sync", "argocd/ghcr-pull-sync"];

describe("expectedDeliveries", () => {
  it("contains deliveries for which every value is certain, and leaves out those that may lack one", () =>
    assert.deepEqual(names(environmentStack()), pull));

  it("contains a delivery for which this update writes all values", () =>
    assert.deepEqual(
      names(localStack({ "anthropic-api-key": "canary", "openai-api-key": "canary" })).at(-1),
      "ameide-local/inference-api-credentials-sync",
    ));

  it("leaves out a delivery for which the update writes only some values", () =>
    assert.ok(!names(localStack({ "anthropic-api-key": "canary" })).some((name) => name.includes("inference"))));
});
