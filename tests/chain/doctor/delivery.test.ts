import assert from "node:assert/strict";
import type { CauseCode } from "../../../diagnose/causes.ts";
import { startTimeout } from "../../support/local-chain.ts";
import { breaks, deliveryPart } from "./breaks.ts";
import { breakAndRepair, restore, useWorld } from "./suite.ts";

/** One for each way in which an update alone would fail, or leave it as it is. */
const leftBehind: readonly CauseCode[] = [
  "bootstrap-lease-held",
  "value-too-short",
  "key-vault-secret-disabled",
  "key-vault-secret-expires-soon",
  "role-propagating",
  "bootstrap-suspended",
  "store-not-ready",
  "external-secret-template",
  "image-pull-denied",
  "keycloak-secret-placeholder",
  "vault-throttled",
  "external-secret-waiting",
  "cluster-not-readable",
];

describe("doctor: from the stores to the Pods", function () {
  this.timeout(startTimeout);
  const world = useWorld();
  breakAndRepair(deliveryPart, world);

  it("cleans up after failed tests, also a server that hangs or has ended", async () => {
    for (const code of leftBehind) await breaks[code]?.strike(world());
    await restore(world(), leftBehind);
    assert.deepEqual((await world().look({ prove: true })).causes, []);
  });
});
