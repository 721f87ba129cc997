import { startTimeout } from "../../support/local-chain.ts";
import { vaultPart } from "./breaks.ts";
import { breakAndRepair, useWorld } from "./suite.ts";

describe("doctor: Vault, and what others write to it", function () {
  this.timeout(startTimeout);
  breakAndRepair(vaultPart, useWorld());
});
