import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { incidentFacts, testsOf, type IncidentFacts } from "../../docs/pages/incident-facts.ts";
import { causeCodes, causes } from "../../diagnose/causes.ts";
import {
  incidentAnchor,
  incidents,
  linkedReferences,
  readableReferences,
  type IncidentId,
} from "../../domain/incidents.ts";
import { repositoryRoot } from "../../environments/repository.ts";
import { rules } from "../../policies/rules.ts";

const all = Object.entries(incidentFacts) as readonly (readonly [IncidentId, IncidentFacts])[];
const references = [
  ...rules.flatMap((rule) => rule.references),
  ...causeCodes.flatMap((code) => causes[code].see ?? []),
];

describe("docs/incidents.md", () => {
  it("has all forty-two incidents, each under a heading of its own", () => {
    assert.deepEqual(
      all.map(([id]) => id),
      Array.from({ length: 42 }, (_, i) => `P${i + 1}`),
    );
    assert.equal(new Set(all.map(([id]) => incidentAnchor(id))).size, all.length);
  });

  for (const [id, { outOfScope, stops = [] }] of all) {
    if (outOfScope !== undefined) continue;
    it(`${id} is prevented or reported by something, and its test exists`, () => {
      assert.ok(stops.length > 0 || references.includes(id), "no rule, cause or other check refers to it");
      assert.notEqual(testsOf(id).length, 0);
      for (const [file, title] of testsOf(id)) {
        const path = join(repositoryRoot, file);
        assert.ok(existsSync(path), file);
        assert.ok(readFileSync(path, "utf8").includes(title), `${file} has no "${title}"`);
      }
    });
  }

  it("knows every incident that a rule or a cause refers to", () =>
    assert.deepEqual(
      references.filter((one) => /^P\d+$/.test(one) && !Object.hasOwn(incidents, one)),
      [],
    ));
});

describe("readableReferences", () => {
  it("links incidents, keeps published addresses, and leaves out numbers of documents", () => {
    const list = ["450", "P7", "external-secrets#2320", "design 7"];
    assert.deepEqual(readableReferences(list), [
      "docs/incidents.md#an-expired-reviewer-token",
      "external-secrets#2320",
    ]);
    assert.deepEqual(linkedReferences(list), [
      "[An expired reviewer token](incidents.md#an-expired-reviewer-token)",
      "external-secrets#2320",
    ]);
  });
});
