import assert from "node:assert/strict";
import { formatUses } from "../../../cli/deploy/diagnosis-words.ts";
import { whoUses } from "../../../diagnose/who-uses.ts";
import { healthy, stack, unseen } from "../../diagnose/healthy.ts";

describe("formatUses", () => {
  const name = "openai-api-key";

  it("says that no workload reads it only where all of them were seen", () => {
    assert.match(formatUses(name, whoUses(healthy(), stack, name)), /no workload reads it$/);
    const blind = { ...healthy(), workloads: unseen("forbidden", "cannot list deployments") };
    const said = formatUses(name, whoUses(blind, stack, name));
    assert.doesNotMatch(said, /no workload reads it/);
    assert.match(said, /what reads it is unknown\n\ncould not be looked at: read it: cannot list deployments$/);
  });
});
