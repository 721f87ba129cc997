import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { externalSecret } from "./examples/samples.ts";
import { saidBy } from "../support/policy.ts";

const asking = (entry: object): Sample => changed(externalSecret, [["spec", "dataFrom"], [entry]]);

describe("deliveryFind", () => {
  it("refuses the value of a generator, as admission does", () =>
    assert.deepEqual(
      saidBy("delivery-find", asking({ sourceRef: { generatorRef: { kind: "Password", name: "a" } } })),
      ["reads the value of a generator; name a key in Vault"],
    ));
  for (const [what, entry, expected] of [
    [
      "extract and find",
      { extract: { key: "ghcr-token" }, find: { name: { regexp: ".*" } } },
      [
        "requests whatever find matches; name each key",
        "has find and extract, but External Secrets runs only find; keep one",
      ],
    ],
    [
      "extract and a generator",
      { extract: { key: "ghcr-token" }, sourceRef: { generatorRef: { kind: "Password", name: "a" } } },
      [
        "reads the value of a generator; name a key in Vault",
        "has extract and sourceRef.generatorRef, but External Secrets runs only extract; keep one",
      ],
    ],
  ] as const) {
    it(`refuses an entry with ${what}, and judges both`, () =>
      assert.deepEqual(saidBy("delivery-find", asking(entry)), expected));
  }
  it("refuses a generator that an entry of data names", () =>
    assert.deepEqual(
      saidBy(
        "delivery-find",
        changed(externalSecret, [["spec", "data", 0, "sourceRef"], { generatorRef: { kind: "Password", name: "a" } }]),
      ),
      ["reads the value of a generator; name a key in Vault"],
    ));
  it("allows a name that another store is asked for", () =>
    assert.deepEqual(
      saidBy("delivery-find", asking({ extract: { key: "ghcr-token" }, sourceRef: { storeRef: { name: "a" } } })),
      [],
    ));
});

describe("storeForNamespace", () => {
  it("refuses a store that only one entry names, and that nothing creates", () => {
    const other = { storeRef: { kind: "SecretStore", name: "elsewhere" } };
    for (const entry of [
      changed(externalSecret, [["spec", "data", 0, "sourceRef"], other]),
      asking({ extract: { key: "ghcr-token" }, sourceRef: other }),
    ]) {
      assert.deepEqual(saidBy("store-for-namespace", entry), [
        'reads from the store "ameide-prod/elsewhere", which nothing here creates',
      ]);
    }
  });
});
