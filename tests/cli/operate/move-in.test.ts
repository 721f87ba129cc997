import assert from "node:assert/strict";
import { azureFacts } from "../../../cli/operate/move-in.ts";
import { moveInSteps } from "../../../domain/move-in/steps.ts";
import { sharedStack } from "../../support/stacks.ts";

describe("azureFacts", () => {
  it("leaves the adoption unknown if the Key Vault cannot be read, with the reason", async () => {
    const refused = () => Promise.reject(new Error("AuthorizationFailed"));
    const { facts, unseen } = await azureFacts(sharedStack(), { arm: refused, keyVault: refused }, false);
    const steps = moveInSteps(sharedStack(), {
      otherCronJobs: [],
      objects: [],
      plannedObjects: 0,
      applications: [],
      refusedByAdmission: [],
      missingInVault: [],
      pinsReviewerToken: false,
      unmarked: [],
      strangers: [],
      staleInTerraform: [],
      findings: [],
      ...facts,
      unseen,
    });
    const adopt = steps.find(({ id }) => id === "adopt");
    assert.equal(adopt?.state, "unknown");
    assert.match(JSON.stringify(adopt), /the Key Vault \S+ could not be read: .*AuthorizationFailed/);
  });
});
