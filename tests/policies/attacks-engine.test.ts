import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { declare, usePolicyEngine } from "../support/policy-engine.ts";
import { externalSecret } from "./examples/samples.ts";
import { embeddedAttacks, pathAttacks, typeAttacks, unreadAttacks, type Attack } from "./attacks.ts";

/** Groups of programs, one preview each: a resource is named after its attack, so that each has its own verdicts. */
const groups: Readonly<Record<string, readonly Attack[]>> = {
  "another name for a type": typeAttacks,
  "another spelling of a path": pathAttacks,
  "a manifest or a template in another tool's hands": embeddedAttacks,
  // the engine itself refuses a type without a package
  "what no rule can read": unreadAttacks.filter(({ what }) => what !== "odd"),
};

const packages = Object.values(groups)
  .flat()
  .flatMap(({ samples }) => samples)
  .flatMap((sample) => ("type" in sample ? [sample.type.replace(/:.*$/, "")] : []));

describe("attacks, under the real engine", function () {
  this.timeout(120_000);
  const engine = usePolicyEngine(packages);

  it("leave a component alone, whose children are what is judged", async () => {
    const { passed, told } = await engine.preview("prod", () => {
      declare("child", externalSecret, { parent: new pulumi.ComponentResource("acme:index:Part", "part") });
      return Promise.resolve();
    });
    assert.deepEqual([passed, told], [true, []]);
  });

  for (const [group, attacks] of Object.entries(groups)) {
    it(`are refused by a preview: ${group}`, async () => {
      const { passed, told } = await engine.preview("prod", () => {
        for (const [i, { samples }] of attacks.entries()) for (const sample of samples) declare(`attack-${i}`, sample);
        return Promise.resolve();
      });
      const refused = new Set(
        told.filter(({ level }) => level === "mandatory").map(({ resource, rule }) => `${resource} ${rule}`),
      );
      const missed = attacks.filter(({ rule }, i) => !refused.has(`attack-${i} ${rule}`)).map(({ what }) => what);
      assert.deepEqual([passed, missed], [false, []]);
    });
  }
});
