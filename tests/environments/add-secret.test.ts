import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { addSecret, type Addition, type AddRequest } from "../../environments/add-secret.ts";
import { cataloguePath, parseCatalogue } from "../../environments/catalogue.ts";

const text = readFileSync(cataloguePath, "utf8");
/** The smallest catalogue, for what does not depend on the real one. */
const empty =
  "secrets: {}\nclusterManaged: []\ndeliveries: {}\nsettings: []\nretired: {}\nfixtures: { values: [], placeholders: [] }\n";
const example = "GHCR_TOKEN=sample-ghcr-token\n";

function add(request: AddRequest, catalogue = text): Addition {
  return addSecret({ catalogue, example, file: "c.yaml" }, request);
}

/** Lines of `after` that are not in `before`, which must otherwise be the same in the same order. */
function addedLines(before: string, after: string): readonly string[] {
  const rest = before.split("\n");
  const added = after.split("\n").filter((line) => (rest[0] === line ? (rest.shift(), false) : true));
  assert.deepEqual(rest, [], "nothing is taken away");
  return added;
}

describe("addSecret", () => {
  it("adds an entry that the catalogue's schema accepts, and changes nothing else", () => {
    const { secret, variable, catalogue } = add({ name: "STRIPE_API_KEY", owner: "billing", required: ["prod"] });
    assert.deepEqual([secret, variable], ["stripe-api-key", "STRIPE_API_KEY"]);
    assert.deepEqual(addedLines(text, catalogue), [
      "  stripe-api-key:",
      "    authority: external",
      "    env: STRIPE_API_KEY",
      "    required: [prod]",
      "    owner: billing",
    ]);
    assert.deepEqual(parseCatalogue(catalogue, "c.yaml").catalogue?.secrets["stripe-api-key"], {
      authority: "external",
      env: "STRIPE_API_KEY",
      required: ["prod"],
      owner: "billing",
    });
  });

  it("adds it after the last external secret, before the generated ones and their comment", () => {
    const { catalogue } = add({ name: "stripe-api-key" });
    const [external = -1, added = -1, generated = -1] = [
      "integration-test-bearer-token:",
      "stripe-api-key:",
      "# Random values:",
    ].map((part) => catalogue.indexOf(part));
    assert.ok(external < added && added < generated);
  });

  it("keeps any text in reason and see unchanged, including YAML's special characters", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (reason) => {
        const { catalogue } = add({ name: "stripe-api-key", reason }, empty);
        assert.equal(parseCatalogue(catalogue, "c.yaml").catalogue?.secrets["stripe-api-key"]?.reason, reason);
      }),
    );
  });

  it("adds a key to an existing delivery, in the style of its keys", () => {
    const request = { name: "stripe-api-key", deliverTo: { target: "langfuse-secrets" } };
    const keys = { LANGFUSE_SECRET_KEY: "langfuse-secret-key", STRIPE_API_KEY: "stripe-api-key" };
    const flow = add(request).catalogue;
    assert.deepEqual(parseCatalogue(flow, "c.yaml").catalogue?.deliveries["langfuse-secrets"]?.keys, keys);
    assert.ok(
      flow.includes("    keys: { LANGFUSE_SECRET_KEY: langfuse-secret-key, STRIPE_API_KEY: stripe-api-key }\n"),
    );
    const block = text.replace(
      "keys: { LANGFUSE_SECRET_KEY: langfuse-secret-key }",
      "keys:\n      LANGFUSE_SECRET_KEY: langfuse-secret-key # why",
    );
    const added = add(request, block).catalogue;
    assert.deepEqual(parseCatalogue(added, "c.yaml").catalogue?.deliveries["langfuse-secrets"]?.keys, keys);
    assert.ok(added.includes("# why\n      STRIPE_API_KEY: stripe-api-key\n"));
  });

  it("creates a missing delivery, in the environments of the secret", () => {
    const { catalogue } = add({
      name: "stripe-api-key",
      environments: ["dev"],
      deliverTo: { target: "stripe", key: "key" },
    });
    const { deliveries } = parseCatalogue(catalogue, "c.yaml").catalogue ?? {};
    const [ours = -1, added = -1, others = -1] = [
      "\n  inference-api-credentials:",
      "\n  stripe:",
      "\n  arc-github-auth:",
    ].map((part) => catalogue.indexOf(part));
    assert.ok(ours < added && added < others, "behind the last delivery of ours");
    assert.deepEqual(deliveries?.["stripe"], {
      type: "Opaque",
      keys: { key: "stripe-api-key" },
      environments: ["dev"],
    });
  });

  it("adds a sample to .env.example if the secret exists in local", () => {
    assert.equal(add({ name: "stripe-api-key" }).example, `${example}STRIPE_API_KEY=sample-stripe-api-key\n`);
    assert.equal(add({ name: "stripe-api-key", environments: ["prod"] }).example, example);
  });

  it("accepts a name that matches a pattern only with --over-pattern", () => {
    assert.throws(() => add({ name: "BILLING_DB_URL" }), /matches \*-db-url: .*CNPG[\s\S]*--over-pattern/);
    assert.match(add({ name: "BILLING_DB_URL", overPattern: true }).catalogue, /^ {2}billing-db-url:$/m);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["a secret that is there", "ghcr.token", /is already the secret ghcr-token/],
    ["a cluster-managed name, whatever is said", "REDIS_PASSWORD", /is redis-auth: .*Redis operator/],
    ["a setting", "PORT", /is already a setting/],
    ["a retired name, with the one to use", "ENV_GHCR_TOKEN", /is retired\n {2}fix: use ghcr-token/],
    ["a target's name", "GHCR_PULL", /is already the Kubernetes Secret ghcr-pull/],
    ["a name that Key Vault does not take", "a b", /secrets\.a b is not a valid name/],
  ];
  for (const [what, name, message] of refused) {
    it(`fails for ${what}`, () => assert.throws(() => add({ name, overPattern: true }), message));
  }

  it("fails for a delivery of another owner, a pull secret and an existing key", () => {
    const to = (target: string, key = "K"): AddRequest => ({ name: "stripe-api-key", deliverTo: { target, key } });
    assert.throws(() => add(to("gh-auth")), /gh-auth is created by workspaces/);
    assert.throws(() => add(to("ghcr-pull")), /ghcr-pull is a pull secret/);
    assert.throws(() => add(to("langfuse-secrets", "LANGFUSE_SECRET_KEY")), /has a key LANGFUSE_SECRET_KEY already/);
  });

  it("fails for a target that another controller owns", () => {
    assert.throws(
      () => add({ name: "stripe-api-key", deliverTo: { target: "redis-auth" } }),
      /the target redis-auth belongs to redis/,
    );
  });

  it("adds to a catalogue that has no secret yet", () => {
    const { catalogue } = add({ name: "a-key", deliverTo: { target: "a" } }, empty);
    assert.deepEqual(Object.keys(parseCatalogue(catalogue, "c.yaml").catalogue?.deliveries ?? {}), ["a"]);
  });
});
