import assert from "node:assert/strict";
import * as fc from "fast-check";
import { planChain, spreadRefresh, type ChainOptions } from "../../../domain/plan/plan-chain.ts";
import type { ChainPlan } from "../../../domain/plan/environment.ts";
import { catalogueOf } from "../../support/catalogues.ts";

const catalogue = catalogueOf({
  secrets: {
    token: { authority: "external", env: "TOKEN", required: ["dev"], consumers: ["environment", "argocd"] },
    user: { authority: "external", env: "USER", keyVault: "user-name", vault: "registry/user", required: ["dev"] },
    key: { authority: "external", env: "KEY", fixture: "minioadmin" },
    "prod-only": { authority: "external", env: "PROD_ONLY", environments: ["prod"] },
    made: { authority: "generated", lengthInCharacters: 20, consumers: ["data"] },
  },
  deliveries: {
    pull: { type: "kubernetes.io/dockerconfigjson", registry: "r.io", username: "user", password: "token" },
    keys: { externalSecret: "keys-es", keys: { KEY: "key" }, refreshIntervalInSeconds: 3600 },
    theirs: { madeBy: "arc", secrets: ["key"], namespaces: ["arc"] },
    "theirs-in-prod": { madeBy: "arc", secrets: ["prod-only"], namespaces: ["arc"], environments: ["prod"] },
    "from-inside": { keys: { M: "made" }, environments: ["staging"] },
    "in-prod": { keys: { A: "prod-only" }, environments: ["prod"] },
  },
  inClusterDeliveries: {
    auth: { externalSecret: "auth-sync", authority: "keycloak", producer: "patcher", keys: { S: "a-client-secret" } },
    tokens: {
      externalSecret: "tokens-sync",
      authority: "service",
      producer: "gitlab",
      keys: { T: "gitlab/tokens/<env>/b" },
      namespaces: ["argocd"],
    },
  },
  keycloakClients: [
    { clientId: "b", vaultKey: "b-client-secret" },
    { clientId: "a", vaultKey: "a-client-secret" },
  ],
});

function plan(changes: Partial<ChainOptions> = {}): ChainPlan {
  return planChain(catalogue, {
    environment: "dev",
    namespace: "ameide-dev",
    secretPrefix: "",
    additionalNamespaces: ["data"],
    registryAdditionalNamespaces: ["argocd"],
    refreshIntervalInSeconds: 300,
    ...changes,
  });
}

describe("planChain", () => {
  it("contains the external and generated secrets of the environment, with their own names and paths", () => {
    assert.deepEqual(plan().secrets, [
      {
        name: "token",
        authority: "external",
        variable: "TOKEN",
        keyVaultName: "token",
        vaultPath: "token",
        required: true,
      },
      {
        name: "user",
        authority: "external",
        variable: "USER",
        keyVaultName: "user-name",
        vaultPath: "registry/user",
        required: true,
      },
      {
        name: "key",
        authority: "external",
        variable: "KEY",
        keyVaultName: "key",
        vaultPath: "key",
        required: false,
        fixture: "minioadmin",
      },
      { name: "made", authority: "generated", vaultPath: "made", required: false, lengthInCharacters: 20 },
    ]);
    assert.deepEqual(
      plan({ environment: "prod" }).secrets.map(({ name }) => name),
      ["token", "user", "key", "prod-only", "made"],
    );
  });

  it("requires a secret only if the catalogue does", () => {
    assert.equal(
      plan({ environment: "staging" }).secrets.some(({ required }) => required),
      false,
    );
  });

  it("adds the prefix to Key Vault names only: not set, empty and set", () => {
    const places = (secretPrefix: string | undefined): unknown => {
      const { secrets, deliveries } = plan({ secretPrefix });
      return [secrets[0]?.keyVaultName, secrets[0]?.vaultPath, deliveries[0]?.keys[1]?.vaultPath];
    };
    assert.deepEqual(places(undefined), ["env-token", "token", "token"]);
    assert.deepEqual(places(""), ["token", "token", "token"]);
    assert.deepEqual(places("ci-"), ["ci-token", "token", "token"]);
  });

  it("delivers pull secrets to the registry's namespaces too, and the others to the environment's own", () => {
    assert.deepEqual(
      plan().deliveries.map(({ namespace, name, target }) => `${namespace}/${name} -> ${target}`),
      ["ameide-dev/pull-sync -> pull", "argocd/pull-sync -> pull", "ameide-dev/keys-es -> keys"],
    );
  });

  it("composes a pull secret of user name and token, and attaches it to the default account", () => {
    const { keys, registry, imagePullServiceAccounts } = plan().deliveries[0] ?? {};
    assert.deepEqual(keys, [
      { secretKey: "username", secret: "user", vaultPath: "registry/user" },
      { secretKey: "password", secret: "token", vaultPath: "token" },
    ]);
    assert.deepEqual([registry, imagePullServiceAccounts], ["r.io", ["default"]]);
    const opaque = plan().deliveries.find(({ type }) => type === "Opaque");
    assert.deepEqual([opaque?.imagePullServiceAccounts, Object.hasOwn(opaque ?? {}, "registry")], [[], false]);
  });

  it("creates a store in every namespace with a delivery, the environment's own first, each with its own role", () => {
    assert.deepEqual(
      plan().stores.map(({ namespace, role, policy, serviceAccount }) => [namespace, role, policy, serviceAccount]),
      ["ameide-dev", "data", "argocd"].map((name) => [
        name,
        `ameide-secrets-reader-${name}`,
        `ameide-secrets-reader-${name}`,
        "ameide-vault-reader",
      ]),
    );
    const withRepeats = plan({ additionalNamespaces: ["argocd", "ameide-dev", "argocd"] });
    assert.deepEqual(
      withRepeats.stores.map(({ namespace }) => namespace),
      ["ameide-dev", "argocd"],
    );
  });

  it("allows each namespace to read what is delivered there and what the catalogue allows, and nothing else", () => {
    assert.deepEqual(
      Object.fromEntries(plan().stores.map(({ namespace, readablePaths }) => [namespace, readablePaths])),
      {
        "ameide-dev": ["a-client-secret", "key", "registry/user", "token"],
        data: ["made"],
        argocd: ["gitlab/tokens/dev/b", "registry/user", "token"],
      },
    );
    const [, arc] = plan({ additionalNamespaces: ["arc"], registryAdditionalNamespaces: [] }).stores;
    assert.deepEqual(arc?.readablePaths, ["key"]);
  });

  it("allows the patcher to write the declared clients' keys, sorted", () => {
    assert.deepEqual(plan().patcherPaths, ["a-client-secret", "b-client-secret"]);
  });

  it("marks the secrets of a delivery that may not exist, so that nothing waits for them", () => {
    const lacking = (changes: Partial<ChainOptions>): unknown =>
      plan(changes).deliveries.map(({ mayLackValue }) => mayLackValue);
    assert.deepEqual(lacking({}), [undefined, undefined, ["key"]]);
    assert.deepEqual(lacking({ fixturesAllowed: true }), [undefined, undefined, undefined]);
    // nothing is required in staging; what the bootstrap makes is always there
    assert.deepEqual(lacking({ environment: "staging" }), [["user", "token"], ["user", "token"], ["key"], undefined]);
  });

  it("returns the same plan for the same input", () => assert.deepEqual(plan(), plan()));

  it("refuses a prefix that makes a name too long for Key Vault", () => {
    assert.throws(() => plan({ secretPrefix: "x".repeat(123) }), /128 characters, prefix included/);
  });
});

describe("spreadRefresh", () => {
  it("stays within a tenth of the interval and above a minute, in whole seconds, and is stable", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 100_000 }), fc.string(), (interval, key) => {
        const spread = spreadRefresh(interval, key);
        assert.ok(Number.isInteger(spread) && spread >= 60);
        assert.ok(spread >= Math.floor(interval * 0.9) && spread <= Math.ceil(interval * 1.1));
        assert.equal(spreadRefresh(interval, key), spread);
      }),
    );
  });
  it("spreads: a hundred deliveries do not refresh in the same second", () => {
    const intervals = new Set(Array.from({ length: 100 }, (_, at) => spreadRefresh(3600, `ns/${at}`)));
    assert.ok(intervals.size > 80, `${intervals.size} different intervals`);
  });
});
