import assert from "node:assert/strict";
import { isNameGenerated, withName, withNamespace } from "../../../../stand-ins/providers/kubernetes/plan-object.ts";
import { unknown, type PropertyMap } from "../../../../stand-ins/providers/property-value.ts";

function named(inputs: PropertyMap, oldInputs: PropertyMap = {}, seed = 1): PropertyMap {
  const randomSeed = new Uint8Array(32).fill(seed);
  const request = { urn: "urn", type: "kubernetes:core/v1:ConfigMap", name: "config", oldInputs, inputs, randomSeed };
  return withName(request);
}

const nameOf = (inputs: PropertyMap) => (inputs["metadata"] as { name: string }).name;

describe("withName", () => {
  it("keeps a name that the program gives, an unknown one and a generateName too", () => {
    for (const metadata of [{ name: "mine" }, { name: unknown }, { generateName: "mine-" }]) {
      assert.deepEqual(named({ metadata }), { metadata });
    }
  });

  it("generates one from the program's name and the engine's seed, and marks it", () => {
    const inputs = named({ data: { a: "b" } });
    assert.match(nameOf(inputs), /^config-[0-9a-f]{8}$/);
    assert.equal(isNameGenerated(inputs), true);
    assert.equal(nameOf(named({})), nameOf(inputs));
    assert.notEqual(nameOf(named({}, {}, 2)), nameOf(inputs));
  });

  it("keeps the name that it generated before", () => {
    const before = named({});
    assert.equal(nameOf(named({}, before, 2)), nameOf(before));
  });

  it("does not take over a name that the program gave before", () => {
    assert.notEqual(nameOf(named({}, { metadata: { name: "mine" } })), "mine");
  });
});

describe("withNamespace", () => {
  it("adds a namespace only where there is none", () => {
    assert.deepEqual(withNamespace({}, "default"), { metadata: { namespace: "default" } });
    assert.deepEqual(withNamespace({ metadata: { namespace: "a" } }, "default"), { metadata: { namespace: "a" } });
  });
});
