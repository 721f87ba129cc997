import assert from "node:assert/strict";
import type { RuleContext } from "../../policies/rule.ts";
import { policyCatalogue, ruleOf, subjectOf, violationsOf } from "../support/policy.ts";
import { changed } from "./examples/example.ts";
import { secretStore } from "./examples/samples.ts";

const vaults = {
  prod: {
    address: "https://vault.vault-system.svc:8200",
    namespace: "platform/prod",
    mount: "secret",
    authMount: "kubernetes",
  },
  staging: {
    address: "https://vault.vault-system.svc:8200",
    namespace: "platform/staging",
    mount: "secret",
    authMount: "kubernetes",
  },
};

/** What the rule says of a store in ameide-prod. */
function saidOf(server: string, namespace: string | undefined, context: Partial<RuleContext> = {}): readonly string[] {
  const vault = ["spec", "provider", "vault"] as const;
  const subject = subjectOf(changed(secretStore, [[...vault, "server"], server], [[...vault, "namespace"], namespace]));
  const judged = { catalogue: policyCatalogue, environment: "prod", vaults, ...context } as const;
  return violationsOf(ruleOf("store-same-environment"), [subject], judged).map(({ problem }) => problem);
}

describe("store-same-environment with Vaults that stack files set", () => {
  it("allows the address and namespace of the stack file", () =>
    assert.deepEqual(saidOf("https://vault.vault-system.svc:8200", "platform/prod"), []));
  it("refuses another namespace of the same Vault", () =>
    assert.deepEqual(saidOf("https://vault.vault-system.svc:8200", "platform/staging"), [
      `reads Vault's namespace "platform/staging"; set "platform/prod"`,
    ]));
  it("refuses the root namespace where the stack file names one", () =>
    assert.deepEqual(saidOf("https://vault.vault-system.svc:8200", undefined), [
      'has no Vault namespace; set "platform/prod"',
    ]));
  it("refuses an unknown address", () =>
    assert.deepEqual(saidOf("https://vault.example.com", "platform/prod"), [
      'server "vault.example.com" is not the Vault of any environment',
    ]));
  it("refuses the same address if no stack file sets it", () =>
    assert.deepEqual(saidOf("https://vault.vault-system.svc:8200", "platform/prod", { vaults: {} }), [
      'server "vault.vault-system.svc" is not the Vault of any environment',
    ]));
});
