import assert from "node:assert/strict";
import { openCluster } from "../../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../../clients/kubernetes.ts";
import { handedOver } from "../../../../cli/deploy/ownership/kubernetes-objects.ts";
import type { Change } from "../../../../cli/deploy/engine/change.ts";
import { localContext } from "../../../../local/home.ts";
import { applyObject } from "../../../../local/servers/cluster-call.ts";
import { applyCrds } from "../../../../local/servers/cluster-objects.ts";
import { useSharedServers } from "../../../support/shared-servers.ts";
import { environmentStack } from "../../../support/stacks.ts";
import { foundBy } from "./found-by.ts";

describe("refuseForeign, with objects that would take something from others", function () {
  this.timeout(120_000);
  const servers = useSharedServers(["kube-apiserver"]);
  const plan = environmentStack("dev");
  let cluster: Cluster;

  before(async () => {
    const { home, binaries } = servers();
    cluster = await openCluster({ kubeconfig: home.kubeconfig, context: localContext });
    await applyCrds(home, binaries);
    await apply("/api/v1/namespaces/ameide-dev", "v1", "Namespace");
  });

  const apply = (path: string, apiVersion: string, kind: string, more: object = {}, metadata: object = {}) =>
    applyObject(servers().home, path, {
      apiVersion,
      kind,
      metadata: { name: path.split("/").at(-1), ...metadata },
      ...more,
    });
  const eso = "external-secrets.io/v1";
  const inDev = (group: string, resource: string, name: string) => `${group}/namespaces/ameide-dev/${resource}/${name}`;
  const creation = (type: string, object: string): Change => ({
    operation: "create",
    type: `kubernetes:${type}`,
    object,
    name: object,
    stage: "external-secret",
    differs: [],
    urn: object,
  });
  const found = (...changes: readonly Change[]) => foundBy(changes, plan, { cluster });
  const delivery = creation(`${eso}:ExternalSecret`, "ameide-dev/langfuse-secrets-sync");

  it("refuses a Secret that something else created under a delivery's name, until it is handed over", async () => {
    assert.deepEqual(await found(delivery), []);
    const path = inDev("/api/v1", "secrets", "langfuse-secrets");
    await apply(path, "v1", "Secret", { stringData: { LANGFUSE_SECRET_KEY: "theirs" } });
    const [finding] = await found(delivery);
    assert.equal(
      finding?.problem,
      "Secret ameide-dev/langfuse-secrets already exists and no ExternalSecret created it; ExternalSecret ameide-dev/langfuse-secrets-sync would also write it",
    );
    assert.match(finding.fix, /patch secret langfuse-secrets --type=merge/);
    await cluster.patch(path, handedOver("v1"));
    assert.deepEqual(await found(delivery), []);
  });

  it("refuses a Secret that another ExternalSecret owns, and allows one that our own ExternalSecret created earlier", async () => {
    const ownedBy = (name: string) => ({
      ownerReferences: [
        {
          apiVersion: eso,
          kind: "ExternalSecret",
          name,
          uid: "00000000-0000-4000-8000-000000000000",
          controller: true,
        },
      ],
    });
    const path = inDev("/api/v1", "secrets", "langfuse-secrets");
    await apply(path, "v1", "Secret", {}, ownedBy("theirs"));
    assert.match((await found(delivery))[0]?.problem ?? "", /belongs to ExternalSecret\/theirs;/);
    await apply(path, "v1", "Secret", {}, ownedBy("langfuse-secrets-sync"));
    assert.deepEqual(await found(delivery), []);
  });

  it("refuses a store in use whose new role could not read what its users read", async () => {
    const store = creation(`${eso}:SecretStore`, "ameide-dev/ameide-vault");
    const reads = (name: string, store: string, key: string) =>
      apply(inDev(`/apis/${eso}`, "externalsecrets", name), eso, "ExternalSecret", {
        spec: {
          secretStoreRef: { kind: "SecretStore", name: store },
          data: [{ secretKey: "key", remoteRef: { key, property: "value" } }],
        },
      });
    await reads("accepted", "ameide-vault", "secret/data/ghcr-token");
    await reads("elsewhere", "another-store", "platform-db-password");
    assert.deepEqual(await found(store), []);
    await reads("cut-off", "ameide-vault", "platform-db-password");
    const [finding] = await found(store);
    assert.equal(
      finding?.problem,
      "SecretStore ameide-dev/ameide-vault would get a role that does not let these ExternalSecrets read: cut-off (platform-db-password)",
    );
  });

  it("refuses an account with pull secrets of other owners, because the whole list is written", async () => {
    const path = inDev("/api/v1", "serviceaccounts", "default");
    const patch = creation("core/v1:ServiceAccountPatch", "ameide-dev/default");
    await apply(path, "v1", "ServiceAccount", { imagePullSecrets: [{ name: "ghcr-pull" }] });
    assert.deepEqual(await found(patch), []);
    await apply(path, "v1", "ServiceAccount", { imagePullSecrets: [{ name: "ghcr-pull" }, { name: "acr-pull" }] });
    assert.match(
      (await found(patch))[0]?.problem ?? "",
      /would lose pull secrets that something else added \(acr-pull\):/,
    );
    const byArgo = { ...plan, strictness: { ...plan.strictness, delivery: "gitops" as const } };
    const accounts = (await foundBy([], byArgo, { cluster })).map(({ code, subject }) => `${code} ${subject}`);
    assert.deepEqual(accounts, ["store-cuts-off ameide-dev/ameide-vault", "pull-secrets-of-others ameide-dev/default"]);
  });
});
