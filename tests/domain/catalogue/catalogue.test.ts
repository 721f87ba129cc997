import assert from "node:assert/strict";
import { catalogueSchema } from "../../../domain/catalogue/catalogue.ts";
import { catalogueOf } from "../../support/catalogues.ts";

/** Key paths that the schema refuses. */
function refusedPaths(parts: Readonly<Record<string, unknown>>): readonly string[] {
  const { error } = catalogueSchema.safeParse({ ...catalogueOf(), ...parts });
  return (error?.issues ?? []).map(({ path }) => path.join("."));
}

const unfit = [
  "evil*",
  "gitlab/+/x",
  "a/../b",
  "a/..",
  "..",
  ".",
  "a..b",
  "/a",
  "a/",
  "a//b",
  " a",
  "a b",
  "a\n",
  "",
  "a%2e%2e",
  'a"b',
  "{{identity.entity.id}}",
  "secret/a",
  "data/a",
  "a\\b",
  "a".repeat(256),
];

describe("catalogueSchema", () => {
  for (const path of unfit) {
    it(`refuses ${JSON.stringify(path.slice(0, 30))} as a path, a name and an alias`, () => {
      assert.deepEqual(refusedPaths({ secrets: { a: { authority: "external", env: "A", vault: path } } }), [
        "secrets.a.vault",
      ]);
      assert.deepEqual(refusedPaths({ secrets: { a: { authority: "generated", vault: path } } }), ["secrets.a.vault"]);
      assert.deepEqual(refusedPaths({ secrets: { a: { authority: "external", env: "A", aliases: [path] } } }), [
        "secrets.a.aliases.0",
      ]);
      assert.deepEqual(refusedPaths({ clusterManaged: [{ name: path, authority: "cnpg", aliases: [path] }] }), [
        "clusterManaged.0.name",
        "clusterManaged.0.aliases.0",
      ]);
      const inCluster = { externalSecret: "a", authority: "service", producer: "p", keys: { A: path } };
      assert.deepEqual(refusedPaths({ inClusterDeliveries: { a: inCluster } }), ["inClusterDeliveries.a.keys.A"]);
    });
  }
  for (const path of ["a", "gitlab/tokens/dev/backstage", "A_b.c-d/9"]) {
    it(`accepts the path ${path}`, () =>
      assert.deepEqual(refusedPaths({ secrets: { a: { authority: "external", env: "A", vault: path } } }), []));
  }
  it("accepts the environment's name in the path of an in-cluster delivery only", () => {
    const keys = { A: "gitlab/tokens/<env>/x-<env>" };
    const inCluster = { externalSecret: "a", authority: "service", producer: "p", keys };
    assert.deepEqual(refusedPaths({ inClusterDeliveries: { a: inCluster } }), []);
    assert.deepEqual(refusedPaths({ secrets: { a: { authority: "external", env: "A", vault: keys.A } } }), [
      "secrets.a.vault",
    ]);
  });
  it("refuses a key that is not valid in a Kubernetes Secret", () =>
    assert.deepEqual(refusedPaths({ deliveries: { a: { keys: { "a b": "c" } } } }), ["deliveries.a.keys.a b"]));
});
