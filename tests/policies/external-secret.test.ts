import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { externalSecret } from "./examples/samples.ts";
import { saidBy } from "../support/policy.ts";

const asking = (entry: object): Sample => changed(externalSecret, [["spec", "dataFrom"], [entry]]);

describe("deliveryFind", () => {
  it("fails what a generator makes, as admission does", () =>
    assert.deepEqual(
      saidBy("delivery-find", asking({ sourceRef: { generatorRef: { kind: "Password", name: "a" } } })),
      ["takes what a generator makes; name a key of the source"],
    ));
  it("allows a name that is asked of another store", () =>
    assert.deepEqual(
      saidBy("delivery-find", asking({ extract: { key: "ghcr-token" }, sourceRef: { storeRef: { name: "a" } } })),
      [],
    ));
});
