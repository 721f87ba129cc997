import assert from "node:assert/strict";
import { isStackRule } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { runRule, runStackRule } from "../../policies/judge.ts";
import { contextIn, subjectsOf } from "../support/policy.ts";
import { embeddedAttacks, pathAttacks, typeAttacks, unreadAttacks, type Attack } from "./attacks.ts";

/** Ids of the rules that refuse a program in prod. */
function refusedBy({ samples }: Attack): readonly string[] {
  const subjects = samples.flatMap((sample, i) => subjectsOf(sample, `resource-${i}`));
  const context = contextIn("prod");
  return rules.flatMap((rule) => {
    const verdicts = isStackRule(rule)
      ? [runStackRule(rule, subjects, context)]
      : subjects.map((subject) => runRule(rule, subject, context));
    return verdicts.some(({ kind }) => kind === "violation") ? [rule.id] : [];
  });
}

describe("attacks", () => {
  for (const attack of [...typeAttacks, ...pathAttacks, ...embeddedAttacks, ...unreadAttacks]) {
    it(`refuse ${attack.what}`, () => assert.ok(refusedBy(attack).includes(attack.rule), String(refusedBy(attack))));
  }
});
