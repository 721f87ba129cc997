import assert from "node:assert/strict";
import type { Strictness } from "../../../domain/plan/environment.ts";
import { checkStrictness } from "../../../domain/plan/plan-check.ts";
import type { EnvironmentName } from "../../../domain/stage.ts";
import { dev } from "../../../environments/dev.ts";
import { local } from "../../../environments/local.ts";
import { prod } from "../../../environments/prod.ts";
import { staging } from "../../../environments/staging.ts";

function refused(name: EnvironmentName, of: Strictness, changes: Partial<Strictness> = {}): readonly string[] {
  return checkStrictness(name, { ...of, ...changes }).map(({ subject }) => subject);
}

describe("checkStrictness", () => {
  it("allows every environment of this repository", () => {
    assert.deepEqual(
      [...refused("dev", dev), ...refused("staging", staging), ...refused("prod", prod), ...refused("local", local)],
      [],
    );
  });
  it("refuses the settings of local in any other environment", () => {
    const deviations = ["vaultAuth", "fixturesAllowed", "protect", "makesNamespaces"];
    assert.deepEqual(refused("staging", local), [...deviations, "rootToken"]);
    assert.deepEqual(refused("prod", local), [...deviations, "initialise", "rootToken"]);
    assert.deepEqual(
      refused("dev", local),
      deviations.filter((key) => key !== "fixturesAllowed"),
    );
  });
  it("refuses a refresh of less than a minute anywhere", () => {
    assert.deepEqual(refused("local", local, { refreshIntervalInSeconds: 59 }), ["refreshIntervalInSeconds"]);
  });
});
