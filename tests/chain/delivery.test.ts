import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { KeyVaultWriter } from "../../cli/access/key-vault.ts";
import { keyVaultOf } from "../../cli/operate/push.ts";
import { KubernetesClient } from "../../clients/kubernetes.ts";
import { parseBootstrapStatus } from "../../domain/bootstrap-config.ts";
import { bootstrapName } from "../../domain/names.ts";
import { Redacted } from "../../domain/redacted.ts";
import { waitUntil } from "../../local/wait-until.ts";
import { silenceSchedule, startTimeout, useLocalChain } from "../support/local-chain.ts";
import { localCommands } from "../support/local-commands.ts";

const values = {
  GHCR_TOKEN: "canary-ghcr-token-1",
  GHCR_USERNAME: "canary-user",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: "canary-anthropic-1",
  OPENAI_API_KEY: "canary-openai-1",
};
const namespace = "ameide-local";
const group = "/apis/external-secrets.io/v1";

interface ExternalSecretObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly generation: number;
    readonly annotations?: object;
  };
  readonly spec: { readonly refreshInterval: string };
  readonly status?: {
    readonly refreshTime?: string;
    readonly syncedResourceVersion?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

describe("delivery by vault-bootstrap, with ExternalSecrets that refresh once an hour", function () {
  this.timeout(startTimeout);
  const chain = useLocalChain(values);
  const { at } = localCommands(chain);

  const pathOf = (of: string, name: string) => `${group}/namespaces/${of}/externalsecrets/${name}`;
  const all = async () =>
    (await chain().cluster.get<{ items: ExternalSecretObject[] }>(`${group}/externalsecrets`)).items;
  const setInKeyVault = async (changed: Readonly<Record<string, string>>) => {
    const keyVault = new KeyVaultWriter(await keyVaultOf("local", { home: chain().home.dir }));
    for (const [name, value] of Object.entries(changed))
      await keyVault.set(name, new Redacted(value), { recover: false });
  };
  const statusOf = async (name: string) => {
    const path = `/api/v1/namespaces/${namespace}/configmaps/vault-bootstrap-status`;
    const { data } = await chain().cluster.get<{ data: { status: string } }>(path);
    return parseBootstrapStatus(data.status)?.secrets.find((one) => one.name === name);
  };
  const run = async () => {
    const ended = await at("bootstrap run --follow");
    assert.equal(ended.code, 0, ended.err);
    return `${ended.err}${ended.out}`;
  };

  before(async function () {
    this.timeout(startTimeout);
    const { cluster } = chain();
    await silenceSchedule(cluster);
    // a service's own, as the catalogue declares it, and one that the catalogue does not know
    for (const name of ["workrequests-github-token-sync", "unrelated"]) {
      await cluster.create(`${group}/namespaces/${namespace}/externalsecrets`, {
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { name, namespace },
        spec: {
          refreshInterval: "1h",
          secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
          target: { name: name.replace(/-sync$/, "") },
          data: [{ secretKey: "token", remoteRef: { key: "ghcr-token", property: "value" } }],
        },
      });
    }
    for (const { metadata } of await all())
      await cluster.patch(pathOf(metadata.namespace, metadata.name), { spec: { refreshInterval: "1h0m0s" } });
    // of the generation that the patch made: it syncs no more for that reason
    const isQuiet = ({ metadata: { generation }, status, spec }: ExternalSecretObject) =>
      spec.refreshInterval === "1h0m0s" && status?.syncedResourceVersion?.startsWith(`${generation}-`) === true;
    await waitUntil(async () => (await all()).every(isQuiet), {
      inSeconds: 30,
      forWhat: "every ExternalSecret to sync",
    });
  });

  it("every Secret of ours and every declared one has the new value when the run ends; others are unchanged", async () => {
    await setInKeyVault({ "ghcr-token": "canary-ghcr-token-2", "langfuse-secret-key": "canary-langfuse-2" });
    const log = await run();
    for (const place of [namespace, "argocd"])
      assert.match((await chain().secret(place, "ghcr-pull"))[".dockerconfigjson"] ?? "", /canary-ghcr-token-2/);
    assert.equal((await chain().secret(namespace, "langfuse-secrets"))["LANGFUSE_SECRET_KEY"], "canary-langfuse-2");
    assert.equal((await chain().secret(namespace, "workrequests-github-token"))["token"], "canary-ghcr-token-2");
    assert.equal((await chain().secret(namespace, "unrelated"))["token"], "canary-ghcr-token-1");
    assert.match(log, /"event":"delivered","name":"ghcr-token"/);
    const { outcome, deliveredAt = "", notDelivered } = (await statusOf("ghcr-token")) ?? {};
    assert.deepEqual([outcome, Number.isNaN(Date.parse(deliveredAt)), notDelivered], ["written", false, undefined]);
    const told = (await all()).filter(({ metadata }) => "force-sync" in (metadata.annotations ?? {}));
    assert.deepEqual(told.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted(), [
      "ameide-local/ghcr-pull-sync",
      "ameide-local/langfuse-secrets-sync",
      "ameide-local/workrequests-github-token-sync",
      "argocd/ghcr-pull-sync",
    ]);
  });

  it("a run that changes nothing changes no ExternalSecret either", async () => {
    const before = await all();
    const log = await run();
    assert.doesNotMatch(log, /"phase":"deliver"/);
    assert.deepEqual(
      (await all()).map(({ metadata }) => metadata),
      before.map(({ metadata }) => metadata),
    );
  });

  it("a run succeeds although an ExternalSecret cannot sync, and names it with External Secrets' message", async () => {
    const { cluster } = chain();
    await cluster.patch(pathOf("argocd", "ghcr-pull-sync"), { spec: { secretStoreRef: { name: "nowhere" } } });
    await cluster.patch(pathOf(namespace, "workrequests-github-token-sync"), {
      spec: { refreshPolicy: "CreatedOnce" },
    });
    const isFailing = async () => {
      const { status } = await cluster.get<ExternalSecretObject>(pathOf("argocd", "ghcr-pull-sync"));
      return status?.conditions?.some((one) => one.type === "Ready" && one.status === "False") === true;
    };
    await waitUntil(isFailing, { inSeconds: 30, forWhat: "External Secrets to miss the store" });
    await setInKeyVault({ "ghcr-token": "canary-ghcr-token-3" });
    const log = await run();
    assert.match((await chain().secret(namespace, "ghcr-pull"))[".dockerconfigjson"] ?? "", /canary-ghcr-token-3/);
    const [first = "", second = "", ...rest] = (await statusOf("ghcr-token"))?.notDelivered ?? [];
    assert.match(first, /^argocd\/ghcr-pull-sync: could not get/);
    assert.equal(second, `${namespace}/workrequests-github-token-sync: its refreshPolicy is CreatedOnce`);
    assert.deepEqual(rest, []);
    assert.match(log, /"level":"warn".*"event":"not-delivered","name":"ghcr-token".*argocd\/ghcr-pull-sync/);
    assert.match(log, /^ghcr-token is in Vault, and not delivered yet to argocd\/ghcr-pull-sync: /m);
    assert.match(log, /"event":"summary","cause":"ok".*"delivered":0,"notDelivered":1/);
    const timeOf = (entry: string) => Date.parse(/"time":"([^"]+)"/.exec(lineWith(log, entry))?.[1] ?? "");
    const waited = timeOf('"event":"not-delivered"') - timeOf('"phase":"deliver","event":"phase"');
    assert.ok(waited < 19_000, `it waited ${waited} ms for an ExternalSecret that failed before`);
  });

  it("vault-bootstrap may change the ExternalSecrets of its configuration, and no others", async () => {
    const { cluster, home } = chain();
    const { status } = await cluster.create<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${bootstrapName}/token`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
    );
    const bootstrap = new KubernetesClient({
      address: home.kubernetesUrl,
      ca: readFileSync(home.kubernetes.caCertificate, "utf8"),
      authenticate: () => Promise.resolve({ headers: { authorization: `Bearer ${status.token}` } }),
    });
    const change = { metadata: { annotations: { "force-sync": "now" } } };
    await bootstrap.patch(pathOf("argocd", "ghcr-pull-sync"), change);
    await bootstrap.patch(pathOf(namespace, "workrequests-github-token-sync"), change);
    const forbidden = { name: "KubernetesError", status: 403 };
    await assert.rejects(bootstrap.patch(pathOf(namespace, "unrelated"), change), forbidden);
    await assert.rejects(bootstrap.patch(pathOf("argocd", "langfuse-secrets-sync"), change), forbidden);
    await assert.rejects(bootstrap.patch(`${group}/namespaces/argocd/secretstores/ameide-vault`, change), forbidden);
    await assert.rejects(bootstrap.remove(pathOf("argocd", "ghcr-pull-sync")), forbidden);
    await assert.rejects(bootstrap.get("/api/v1/namespaces/argocd/secrets/ghcr-pull"), forbidden);
    bootstrap.close();
  });
});

function lineWith(text: string, part: string): string {
  return text.split("\n").find((line) => line.includes(part)) ?? "";
}
