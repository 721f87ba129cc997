import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { secretStore } from "../../domain/manifests/secret-store.ts";
import { resourcePath, useAdmission } from "../support/admission.ts";
import { seedCatalogue } from "../support/stacks.ts";

const reader = { name: "ameide-vault-reader", namespace: "ameide-dev" };
const bootstrap = { name: "foundation-vault-bootstrap-vault-bootstrap", namespace: "ameide-dev" };
const stores = resourcePath("clustersecretstores");
const generators = "/apis/generators.external-secrets.io/v1alpha1/clustergenerators";
const borrowed = /^it logs in as a ServiceAccount of ameide-secrets .* \[store-borrowed-account\]$/;

const vaultOf = (serviceAccountRef: object) => ({
  server: "http://vault-core-dev.ameide-dev.svc.cluster.local:8200",
  path: "secret",
  version: "v2",
  auth: { kubernetes: { mountPath: "kubernetes", role: "ameide-secrets-reader-ameide-dev", serviceAccountRef } },
});

function clusterStore(provider: object, conditions?: readonly object[]) {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    metadata: { name: "theirs" },
    spec: { provider, ...(conditions && { conditions }) },
  };
}

const generator = (serviceAccountRef: object) => ({
  apiVersion: "generators.external-secrets.io/v1alpha1",
  kind: "ClusterGenerator",
  metadata: { name: "theirs" },
  spec: {
    kind: "VaultDynamicSecret",
    generator: {
      vaultDynamicSecretSpec: { method: "GET", path: "/secret/data/a", provider: vaultOf(serviceAccountRef) },
    },
  },
});

const canary = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  metadata: { name: "canary" },
  spec: { secretStoreRef: { name: "a" }, data: [{ secretKey: "a", remoteRef: { key: "nobody-knows" } }] },
};

describe("admission of stores, on a real API server", function () {
  this.timeout(60_000);
  const admission = useAdmission("dev", canary);
  const refusal = (object: object, path: string) => admission().refusal(object, path);

  before(async () => {
    const { cluster, servers, hold } = admission();
    const folder = servers.binaries.externalSecretsDefinitions;
    const definition = readFileSync(join(folder, "generators.external-secrets.io_clustergenerators.json"), "utf8");
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await cluster.create(definitions, JSON.parse(definition) as object);
    await hold("deny", seedCatalogue);
    // the definition is served, and the policies of the other resources hold too
    const limit = Date.now() + 20_000;
    for (const [object, path] of [
      [generator(reader), generators],
      [clusterStore({ vault: vaultOf(reader) }), stores],
      [theirStore({ fake: { data: [] } }), resourcePath("secretstores", "ameide-dev")],
    ] as const) {
      while (/404|not find|^$/.test((await refusal(object, path)) ?? "") && Date.now() < limit) await sleep(200);
    }
  });

  const theirStore = (provider: object) => ({
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "theirs" },
    spec: { provider },
  });

  for (const [what, conditions] of [
    ["every namespace", undefined],
    ["a foreign namespace", [{ namespaces: ["elsewhere"] }]],
    ["its own and a foreign namespace", [{ namespaces: ["ameide-dev"] }, { namespaces: ["elsewhere"] }]],
    ["whatever bears a label", [{ namespaces: ["ameide-dev"], namespaceSelector: { matchLabels: { a: "b" } } }]],
    ["whatever matches", [{ namespaces: ["ameide-dev"], namespaceRegexes: ["e.*"] }]],
  ] as const) {
    it(`refuses a ClusterSecretStore that logs in as the reader for ${what}`, async () =>
      assert.match((await refusal(clusterStore({ vault: vaultOf(reader) }, conditions), stores)) ?? "", borrowed));
  }
  it("allows one that only serves the account's own namespace", async () =>
    assert.equal(
      await refusal(clusterStore({ vault: vaultOf(reader) }, [{ namespaces: ["ameide-dev"] }]), stores),
      undefined,
    ));
  it("allows one with which each namespace logs in as its own account", async () =>
    assert.equal(await refusal(clusterStore({ vault: vaultOf({ name: reader.name }) }), stores), undefined));
  it("allows stores of other programs", async () => {
    const theirs = { name: "theirs", namespace: "elsewhere" };
    assert.equal(await refusal(clusterStore({ vault: vaultOf(theirs) }), stores), undefined);
    assert.equal(await refusal(clusterStore({ fake: { data: [] } }), stores), undefined);
    const foreign = resourcePath("secretstores", "elsewhere");
    assert.equal(await refusal(theirStore({ fake: { data: [] } }), foreign), undefined);
  });
  for (const [what, provider] of [
    ["its token", { vault: { ...vaultOf(bootstrap), auth: { jwt: { path: "jwt", kubernetesServiceAccountToken: { serviceAccountRef: reader } } } } }], // prettier-ignore
    ["the bootstrap's identity in Azure", { azurekv: { vaultUrl: "https://x", authType: "WorkloadIdentity", serviceAccountRef: bootstrap } }], // prettier-ignore
  ] as const) {
    it(`refuses a ClusterSecretStore that logs in with ${what}`, async () =>
      assert.match((await refusal(clusterStore(provider), stores)) ?? "", borrowed));
  }
  it("refuses a ClusterGenerator that reads Vault as the reader, and allows other ones", async () => {
    assert.match((await refusal(generator(reader), generators)) ?? "", borrowed);
    assert.equal(await refusal(generator({ name: "theirs", namespace: "elsewhere" }), generators), undefined);
  });

  it("allows every store of this program", async () => {
    const stack = admission().stackIn("deny", seedCatalogue);
    for (const store of stack.plan.stores) {
      const path = resourcePath("secretstores", store.namespace);
      assert.equal(await refusal(secretStore(store, stack), path), undefined, store.namespace);
    }
  });
  for (const [what, provider, says] of [
    ["another provider", { fake: { data: [] } }, "store-provider"],
    ["another Vault", { vault: { ...vaultOf({ name: "a" }), server: "http://vault-core-prod.ameide-prod:8200" } }, "store-same-environment"], // prettier-ignore
    ["every pod's account", { vault: vaultOf({ name: "default" }) }, "store-account"],
    ["an account of another namespace", { vault: vaultOf({ name: "a", namespace: "elsewhere" }) }, "store-account"],
    ["a static token", { vault: { ...vaultOf({}), auth: { tokenSecretRef: { name: "a", key: "b" } } } }, "store-account"], // prettier-ignore
    ["the bootstrap's account", { vault: vaultOf({ name: bootstrap.name }) }, "store-borrowed-account"],
  ] as const) {
    it(`refuses a SecretStore of the environment with ${what}`, async () =>
      assert.match(
        (await refusal(theirStore(provider), resourcePath("secretstores", "ameide-dev"))) ?? "",
        new RegExp(`\\[${says}\\]$`),
      ));
  }
});
