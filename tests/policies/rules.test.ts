import assert from "node:assert/strict";
import { incidents } from "../../domain/incidents.ts";
import { examples } from "./examples/all.ts";
import { familyOf, levelsOf } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { said, withUnknown } from "../support/policy.ts";

describe("rules", () => {
  it("have one example each, and no example is of another rule", () =>
    assert.deepEqual(examples.map(({ rule }) => rule).toSorted(), rules.map(({ id }) => id).toSorted()));
  it("have ids that begin with their family", () =>
    assert.deepEqual(
      rules.filter((rule) => familyOf(rule) === undefined).map(({ id }) => id),
      [],
    ));
  it("give a reason, a fix and a reference", () =>
    assert.deepEqual(
      rules
        .filter(({ why, remediation, references }) => why === "" || remediation === "" || references.length === 0)
        .map(({ id }) => id),
      [],
    ));
  it("refer only to incidents and addresses that a reader can open", () =>
    assert.deepEqual(
      rules.flatMap(({ id, references }) =>
        references.filter((one) => !Object.hasOwn(incidents, one) && !URL.canParse(one)).map((one) => `${id}: ${one}`),
      ),
      [],
    ));
  it("are at least as strict in prod as anywhere else", () =>
    assert.deepEqual(
      rules
        .map((rule) => ({ id: rule.id, levels: levelsOf(rule) }))
        .filter(({ levels }) => levels.prod !== "mandatory" && Object.values(levels).includes("mandatory"))
        .map(({ id }) => id),
      [],
    ));
});

for (const example of examples) {
  const { rule, allowed, refused, says, absent, absentSays, absentIsFine, unknown: path } = example;
  describe(`rule ${rule}`, () => {
    it("allows what is compliant", () => assert.deepEqual(said(example, allowed), []));
    it("refuses one change of it, with the actual and the required value", () =>
      assert.deepEqual(said(example, refused), [says]));
    if (absentSays !== undefined) {
      it("refuses its absence", () => assert.deepEqual(said(example, absent), [absentSays]));
    } else {
      it(`allows it left out: ${absentIsFine ?? "no reason given"}`, () => {
        assert.notEqual(absentIsFine, undefined);
        assert.deepEqual(said(example, absent), []);
      });
    }
    it("ignores another kind", () => {
      const other =
        "values" in refused
          ? { document: refused.values }
          : "document" in refused
            ? { document: { ...refused.document, apiVersion: "v1", kind: "Namespace" } }
            : { ...refused, type: "azure-native:resources:ResourceGroup" };
      assert.deepEqual(said(example, other), []);
    });
    if (path !== undefined) {
      it("is undecided for unknown values, without throwing", () =>
        assert.deepEqual(said(example, withUnknown(allowed, path)), "undecided"));
    }
  });
}
