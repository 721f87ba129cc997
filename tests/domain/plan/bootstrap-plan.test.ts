import assert from "node:assert/strict";
import { bootstrapConfigShape, type BootstrapConfig } from "../../../domain/bootstrap-config.ts";
import { planBootstrap, type BootstrapPlanInput } from "../../../domain/plan/bootstrap-plan.ts";
import { planChain } from "../../../domain/plan/plan-chain.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";

function config(changes: Partial<BootstrapPlanInput> = {}, secretPrefix?: string): BootstrapConfig {
  const { plan, strictness, vault } = environmentStack("dev");
  const prefixed = planChain(seedCatalogue, {
    environment: "dev",
    namespace: plan.namespace,
    secretPrefix,
    additionalNamespaces: [],
    registryAdditionalNamespaces: [],
    refreshIntervalInSeconds: 300,
  });
  return planBootstrap({
    plan: prefixed,
    catalogue: seedCatalogue,
    strictness,
    vault: { address: vault.address, mount: vault.mount, authMount: vault.authMount },
    keyVaultUri: "https://ameidekv.vault.azure.net/",
    privateAzure: false,
    mappedSecrets: [],
    claimUnmarked: false,
    ...changes,
  });
}

describe("planBootstrap", () => {
  it("matches the bootstrap's own schema", () => {
    assert.equal(bootstrapConfigShape.problems(config()).length, 0);
  });

  it("names each secret in its source with the prefix: not set, empty and set", () => {
    const sources = (prefix: string | undefined): unknown => config({}, prefix).secrets[0];
    const token = { name: "ghcr-token", authority: "external", path: "ghcr-token", required: true };
    assert.deepEqual(sources(undefined), { ...token, source: "env-ghcr-token" });
    assert.deepEqual(sources(""), { ...token, source: "ghcr-token" });
    assert.deepEqual(sources("ci-"), { ...token, source: "ci-ghcr-token" });
  });

  it("names them without a prefix in a Kubernetes Secret, which has none", () => {
    const { strictness } = environmentStack("dev");
    const { source, secrets } = config({ strictness: { ...strictness, source: "kubernetes-secret" } });
    assert.deepEqual(source, {
      type: "kubernetes-secret",
      name: "vault-bootstrap-local-secrets",
      key: "env-secrets.json",
    });
    assert.equal(secrets[0]?.source, "ghcr-token");
  });

  it("gives a generated secret its length and no source", () => {
    const { plan, strictness } = environmentStack("dev");
    const made = {
      name: "made",
      authority: "generated",
      vaultPath: "made",
      required: false,
      lengthInCharacters: 20,
    } as const;
    for (const source of ["azure-key-vault", "kubernetes-secret"] as const) {
      const { secrets } = config({ plan: { ...plan, secrets: [made] }, strictness: { ...strictness, source } });
      assert.deepEqual(secrets, [
        { name: "made", authority: "generated", path: "made", required: false, lengthInCharacters: 20 },
      ]);
    }
  });

  it("names the source of a copy with the prefix too: not set, empty and set", () => {
    const copies = (prefix: string | undefined, from: string): unknown =>
      config({ mappedSecrets: [{ from, to: "elsewhere" }] }, prefix).mappedSecrets;
    assert.deepEqual(copies(undefined, "ghcr-token"), [{ from: "env-ghcr-token", to: "elsewhere" }]);
    assert.deepEqual(copies("", "ghcr-token"), [{ from: "ghcr-token", to: "elsewhere" }]);
    assert.deepEqual(copies("ci-", "ghcr-token"), [{ from: "ci-ghcr-token", to: "elsewhere" }]);
    assert.deepEqual(copies("ci-", "ci-ghcr-token"), [{ from: "ci-ghcr-token", to: "elsewhere" }]);
    const { strictness } = environmentStack("dev");
    const local = config({
      strictness: { ...strictness, source: "kubernetes-secret" },
      mappedSecrets: [{ from: "ghcr-token", to: "x" }],
    });
    assert.deepEqual(local.mappedSecrets, [{ from: "ghcr-token", to: "x" }]);
  });

  it("lists the readers of each path: our deliveries, and declared ones of other owners in their namespaces", () => {
    const { plan } = environmentStack("dev");
    const catalogue = {
      ...seedCatalogue,
      deliveries: {
        ...seedCatalogue.deliveries,
        theirs: {
          madeBy: "their chart",
          type: "Opaque" as const,
          secrets: ["ghcr-token"],
          namespaces: ["environment", "argocd", "nowhere"],
        },
        "not-here": { madeBy: "x", type: "Opaque" as const, secrets: ["ghcr-token"], environments: ["prod" as const] },
      },
      inClusterDeliveries: {
        copy: {
          externalSecret: "copy-of-token",
          authority: "service" as const,
          producer: "a service",
          keys: { token: "ghcr-token", own: "<env>/not-carried" },
        },
        foreign: { externalSecret: "f", authority: "keycloak" as const, producer: "k", keys: { x: "client-secret" } },
      },
    };
    const declared = config({ plan, catalogue }).deliveries.filter(({ name }) =>
      /^(theirs|not-here|copy|f)/.test(name),
    );
    const paths = ["ghcr-token"];
    assert.deepEqual(declared, [
      { namespace: "ameide-dev", name: "theirs-sync", paths },
      { namespace: "argocd", name: "theirs-sync", paths },
      { namespace: "ameide-dev", name: "copy-of-token", paths },
    ]);
    const ours = config({ plan }).deliveries.filter(({ name }) => name === "ghcr-pull-sync");
    assert.deepEqual(
      ours.map(({ namespace, paths: read }) => [namespace, read.toSorted()]),
      plan.deliveries
        .filter(({ name }) => name === "ghcr-pull-sync")
        .map(({ namespace }) => [namespace, ["ghcr-token", "ghcr-username"]]),
    );
    assert.ok(ours.length >= 2);
  });

  it("checks Microsoft's hosts unless this Azure is a private one", () => {
    const switches = (privateAzure: boolean): unknown => {
      const { source } = config({ privateAzure });
      return (
        source.type === "azure-key-vault" && [
          source.disableInstanceDiscovery,
          source.disableChallengeResourceVerification,
        ]
      );
    };
    assert.deepEqual(switches(false), [false, false]);
    assert.deepEqual(switches(true), [true, true]);
  });

  it("ends a run before the next one is due", () => {
    const { strictness } = environmentStack("dev");
    for (const bootstrapIntervalInMinutes of [1, 5, 30] as const) {
      const { deadlineInSeconds } = config({ strictness: { ...strictness, bootstrapIntervalInMinutes } });
      assert.ok(deadlineInSeconds > 0 && deadlineInSeconds < bootstrapIntervalInMinutes * 60);
    }
  });

  it("overwrites no unmarked value unless the stack allows it", () => {
    assert.equal(config().claimUnmarked, false);
    assert.equal(config({ claimUnmarked: true }).claimUnmarked, true);
  });
});
