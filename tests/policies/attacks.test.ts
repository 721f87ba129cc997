import assert from "node:assert/strict";
import { rules } from "../../policies/rules.ts";
import { contextIn, subjectsOf, violationsOf } from "../support/policy.ts";
import { embeddedAttacks, pathAttacks, typeAttacks, unreadAttacks, type Attack } from "./attacks.ts";

/** Ids of the rules that refuse a program in prod. */
function refusedBy({ samples }: Attack): readonly string[] {
  const subjects = samples.flatMap((sample, i) => subjectsOf(sample, `resource-${i}`));
  return rules.filter((rule) => violationsOf(rule, subjects, contextIn("prod")).length > 0).map(({ id }) => id);
}

describe("attacks", () => {
  for (const attack of [...typeAttacks, ...pathAttacks, ...embeddedAttacks, ...unreadAttacks]) {
    it(`refuse ${attack.what}`, () => assert.ok(refusedBy(attack).includes(attack.rule), String(refusedBy(attack))));
  }
});
