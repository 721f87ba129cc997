import assert from "node:assert/strict";
import { formatDiagnosis, formatResync, formatUses } from "../../../cli/deploy/diagnosis-words.ts";
import { explain } from "../../../diagnose/explain.ts";
import { whoUses } from "../../../diagnose/who-uses.ts";
import { healthy, stack, unseen } from "../../diagnose/healthy.ts";

describe("formatDiagnosis", () => {
  it("counts no secret as passing that could not be seen at every stage", () => {
    const snapshot = { ...healthy(), externalSecrets: unseen("unreachable", "timed out") };
    const count = stack.plan.secrets.length;
    const whole = formatDiagnosis(explain(healthy(), stack), healthy());
    assert.match(whole, new RegExp(`^dev: ${count} of ${count} secrets pass every stage; looked`));
    const delivered = new Set(stack.plan.deliveries.flatMap(({ keys }) => keys.map(({ secret }) => secret))).size;
    const said = formatDiagnosis(explain(snapshot, stack), snapshot);
    const counts = `dev: ${count - delivered} of ${count} secrets pass every stage, ${delivered} could not be seen at every stage`;
    assert.equal(said.includes(counts), true, said);
  });
});

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

describe("formatResync", () => {
  it("says that no Secret changed only where all of them were seen", () => {
    const nothing = { ready: [], notReady: [], changed: [], unseen: [] };
    assert.equal(formatResync(nothing), "no Secret changed");
    assert.equal(
      formatResync({ ...nothing, unseen: [unseen("forbidden", "cannot list secrets").failure] }),
      "whether a Secret changed could not be looked at: read it: cannot list secrets",
    );
  });
});
