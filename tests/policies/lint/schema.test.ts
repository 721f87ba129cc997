import assert from "node:assert/strict";
import { isOnlySchema } from "../../../policies/subject/documents.ts";

describe("isOnlySchema", () => {
  const definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: a }\n";
  it("recognises a CustomResourceDefinition", () => assert.ok(isOnlySchema({ text: definition, line: 1 })));
  for (const [what, text] of [
    ["another kind", definition.replace("CustomResourceDefinition", "Secret")],
    ["a second kind", `${definition}kind: Secret\n`],
    ["a second kind in quotes", `${definition}"kind": Secret\n`],
    ["a second kind as an explicit key", `${definition}? kind\n: Secret\n`],
    ["a merge key", `${definition}<<: *base\n`],
    ["another group", definition.replace("apiextensions.k8s.io", "example.org")],
  ] as const) {
    it(`reads ${what}`, () => assert.ok(!isOnlySchema({ text, line: 1 })));
  }
});
