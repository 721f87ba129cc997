import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { graphModel } from "../../../diagnose/graph/model.ts";
import type { Snapshot } from "../../../diagnose/snapshot.ts";
import { changed, healthy, stack, unseen } from "../healthy.ts";

const drawn = (change: Partial<Snapshot>) => {
  const { deliveries, causes } = graphModel(stack.plan, stack.catalogue, explain({ ...healthy(), ...change }, stack));
  return { states: new Set(deliveries.map(({ state }) => state)), stores: new Set(deliveries.map(({ storeState }) => storeState)), causes }; // prettier-ignore
};

describe("graphModel", () => {
  it("draws what could not be read as unknown, and not as healthy", () => {
    assert.deepEqual(drawn({}).states, new Set(["ok"]));
    assert.deepEqual(drawn({ externalSecrets: unseen("forbidden") }).states, new Set(["unknown"]));
    assert.deepEqual(drawn({ stores: unseen("unreachable") }).stores, new Set(["unknown"]));
  });
  it("draws a broken delivery as broken, and the others as healthy", () => {
    const secrets = changed(healthy().secrets, ({ name }) => name === "langfuse-secrets", { labels: {} });
    assert.deepEqual(drawn({ secrets }).states, new Set(["ok", "broken"]));
  });
  it("links each cause to the runbook", () => {
    const { causes } = drawn({ stores: unseen("unreachable") });
    assert.deepEqual(
      causes.map(({ page }) => page),
      ["docs/runbook.md#cluster-not-readable"],
    );
  });
  it("is only planned if nothing was read", () => {
    const { deliveries } = graphModel(stack.plan, stack.catalogue);
    assert.deepEqual(new Set(deliveries.map(({ state }) => state)), new Set(["planned"]));
  });
});
