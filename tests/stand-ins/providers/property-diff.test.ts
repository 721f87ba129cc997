import assert from "node:assert/strict";
import { inputChanges, replaces, type DiffRules } from "../../../stand-ins/providers/property-diff.ts";
import { SecretProperty, unknown, type PropertyMap } from "../../../stand-ins/providers/property-value.ts";

function changes(before: PropertyMap, after: PropertyMap, rules: Partial<DiffRules> = {}): Record<string, string> {
  const found = inputChanges(before, after, { replaceAt: [], ignoreChanges: [], ...rules });
  return Object.fromEntries([...found].map(([path, change]) => [path, `${change.kind}${change.replaces ? "!" : ""}`]));
}

describe("inputChanges", () => {
  it("names each change at its own path, in Pulumi's notation", () => {
    const before = { spec: { list: [{ a: 1 }, { a: 2 }], gone: true }, metadata: { annotations: { "a.b/c": "1" } } };
    const after = {
      spec: { list: [{ a: 1 }, { a: 3 }, { a: 4 }] },
      metadata: { annotations: { "a.b/c": "2" } },
      more: 1,
    };
    assert.deepEqual(changes(before, after), {
      "spec.list[1].a": "update",
      "spec.list[2]": "add",
      "spec.gone": "delete",
      'metadata.annotations["a.b/c"]': "update",
      more: "add",
    });
  });

  it("is empty for equal values, whatever their marks", () => {
    assert.deepEqual(changes({ a: new SecretProperty({ b: [1] }) }, { a: { b: [1] } }), {});
  });

  it("treats an unknown as a change", () => assert.deepEqual(changes({ a: "x" }, { a: unknown }), { a: "update" }));

  it("replaces at a path and below it, but not next to it", () => {
    const replaceAt = ["spec.template"];
    assert.deepEqual(
      changes({ spec: { template: { a: 1 }, other: 1 } }, { spec: { template: { a: 2 }, other: 2 } }, { replaceAt }),
      { "spec.template.a": "update!", "spec.other": "update" },
    );
  });

  it("replaces if a parent with the path in it is added or removed", () => {
    const replaceAt = ["spec.template"];
    assert.deepEqual(changes({}, { spec: { template: 1 } }, { replaceAt }), { spec: "add!" });
    assert.deepEqual(changes({ spec: { other: 1 } }, {}, { replaceAt }), { spec: "delete" });
  });

  it("ignores the order of a set, and only of a set", () => {
    const [before, after] = [{ names: ["a", "b"] }, { names: ["b", "a"] }];
    assert.deepEqual(changes(before, after, { sets: new Set(["names"]) }), {});
    assert.deepEqual(changes(before, after), { "names[0]": "update", "names[1]": "update" });
    assert.deepEqual(changes(before, { names: ["b", "c"] }, { sets: new Set(["names"]) }), {
      "names[0]": "delete",
      "names[1]": "add",
    });
  });

  it("leaves out ignored paths and everything below them", () => {
    const ignoreChanges = ["spec.ignored"];
    assert.deepEqual(
      changes(
        { spec: { ignored: { a: 1 }, ignoredNot: 1 } },
        { spec: { ignored: { a: 2 }, ignoredNot: 2 } },
        { ignoreChanges },
      ),
      { "spec.ignoredNot": "update" },
    );
  });
});

describe("replaces", () => {
  it("is true as soon as one change does", () => {
    const rules = { replaceAt: ["a"], ignoreChanges: [] };
    assert.equal(replaces(inputChanges({ a: 1, b: 1 }, { a: 1, b: 2 }, rules)), false);
    assert.equal(replaces(inputChanges({ a: 1, b: 1 }, { a: 2, b: 2 }, rules)), true);
  });
});
