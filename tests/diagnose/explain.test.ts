import assert from "node:assert/strict";
import { causeCodes } from "../../diagnose/causes.ts";
import { explain } from "../../diagnose/explain.ts";
import { localStack } from "../support/stacks.ts";
import { storesFail } from "./changes.ts";
import { healthy, seen, stack, unseen } from "./healthy.ts";
import { struckBy } from "./struck.ts";

describe("explain", () => {
  it("finds nothing if nothing is broken, in a cloud environment and in local", () => {
    assert.deepEqual(explain(healthy(), stack).causes, []);
    const local = localStack();
    const snapshot = healthy(local);
    const outside = {
      ...snapshot,
      vault: {
        ...snapshot.vault,
        authConfig: seen({
          kubernetesHost: local.vault.kubernetesHost,
          disableLocalCaJwt: true,
          disableIssValidation: true,
          tokenReviewerJwtSet: false,
          hasCa: true,
        }),
        tokenReviewers: seen([
          `${local.namespace}/${local.bootstrap.name}`,
          ...local.plan.stores.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
        ]),
      },
    };
    assert.deepEqual(explain(outside, local).causes, []);
  });

  for (const code of causeCodes) {
    it(`names ${code} first if that is broken`, () => assert.equal(struckBy(code).causes[0]?.code, code));
  }

  it("reports one cause for everything that a sealed Vault breaks, with all evidence", () => {
    const { causes, secrets } = struckBy("vault-sealed");
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-sealed"],
    );
    assert.ok((causes[0]?.evidence.length ?? 0) >= 3);
    assert.deepEqual(new Set(secrets.map(({ brokenAt }) => brokenAt?.stage)), new Set(["vault"]));
  });
  it("reports the pod that cannot pull as evidence of the placeholder, not as a separate cause", () => {
    const { causes } = struckBy("vault-holds-placeholder");
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-holds-placeholder"],
    );
    assert.ok(causes[0]?.evidence.some(({ where }) => where === "Pod ameide-dev/p"));
  });
  it("attributes an unknown error of a store to the seal if Vault is sealed", () => {
    const before = healthy();
    const sealed = { ...before.vault, health: seen({ state: "sealed" as const, version: "2" }) };
    const { causes } = explain({ ...before, ...storesFail("EOF")(before), vault: sealed }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-sealed"],
    );
  });
  it("reports the first broken stage of each secret, and no later one", () => {
    const { secrets } = struckBy("vault-path-missing");
    const broken = secrets.filter(({ brokenAt }) => brokenAt !== undefined);
    assert.ok(broken.some(({ name, brokenAt }) => name === "openai-api-key" && brokenAt?.stage === "vault"));
    assert.equal(
      broken.some(({ name }) => name === "langfuse-secret-key"),
      false,
    );
  });
  it("writes this environment's names into the fix, and fills every placeholder that it can", () => {
    const [first] = struckBy("store-not-ready").causes;
    assert.equal(first?.fix, "kubectl --context ameide -n ameide-dev describe secretstore ameide-vault");
  });
  it("shows the found and expected values of Vault's auth configuration", () => {
    const [first] = struckBy("vault-auth-config-wrong").causes;
    assert.equal(
      first?.evidence[0]?.seen,
      "kubernetes_host is https://10.0.0.1, expected https://kubernetes.default.svc",
    );
  });
  it("reports what could not be read as unknown, and not as broken", () => {
    const nothing = unseen("not-asked", "no token");
    const before = healthy();
    const vaultUnseen = {
      ...before.vault,
      health: nothing,
      authConfig: nothing,
      roles: nothing,
      policies: nothing,
      secrets: nothing,
    };
    const { causes, secrets } = explain({ ...before, vault: vaultUnseen }, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-not-readable"],
    );
    assert.deepEqual(
      secrets[0]?.hops.find(({ stage }) => stage === "vault"),
      { stage: "vault", state: "unknown" },
    );
    assert.equal(secrets[0]?.brokenAt, undefined);
  });
});
