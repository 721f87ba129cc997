import assert from "node:assert/strict";
import { startTimeout } from "../../support/local-chain.ts";
import { breaks, deliveryPart } from "./breaks.ts";
import { breakAndRepair, restore, useWorld } from "./suite.ts";

describe("doctor: from the stores to the Pods", function () {
  this.timeout(startTimeout);
  const world = useWorld();
  breakAndRepair(deliveryPart, world);

  it("cleans up after a failed test, also a server that hangs", async () => {
    await breaks["store-missing"]?.strike(world());
    await breaks["bootstrap-suspended"]?.strike(world());
    world().signal("external-secrets", "SIGSTOP");
    await restore(world());
    assert.deepEqual((await world().look({ prove: true })).causes, []);
  });
});
