import assert from "node:assert/strict";
import { KubernetesError, type Cluster } from "../../../clients/kubernetes.ts";
import { formatGuardScan, guardScan } from "../../../cli/operate/guard-scan.ts";
import { environmentStack } from "../../support/stacks.ts";

const stack = environmentStack("dev");

/** A cluster that holds these objects by collection; a kind that is left out is not installed. */
function clusterOf(collections: Readonly<Record<string, readonly object[]>>): Cluster {
  return {
    get: (path: string) => {
      const items = Object.entries(collections).find(([name]) => path.includes(`/${name}?`))?.[1];
      if (items === undefined) return Promise.reject(new KubernetesError(404, "not found"));
      const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
      const own = (items as readonly { metadata: { namespace?: string } }[]).filter(
        ({ metadata }) => metadata.namespace === namespace,
      );
      return Promise.resolve({ items: own });
    },
  } as unknown as Cluster;
}

const externalSecret = (name: string, key: string, spec: object = {}) => ({
  metadata: { name, namespace: "ameide-dev" },
  spec: {
    refreshInterval: "5m",
    secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
    target: { name, creationPolicy: "Owner", deletionPolicy: "Retain" },
    data: [{ secretKey: "TOKEN", remoteRef: { key, property: "value" } }],
    ...spec,
  },
  status: { conditions: [] },
});
const reported = async (collections: Parameters<typeof clusterOf>[0]) =>
  (await guardScan(clusterOf(collections), stack)).wouldBreak.map(({ code, where }) => `${code}: ${where}`);

describe("guardScan", () => {
  it("finds nothing in allowed objects, and counts what it checked", async () => {
    const scan = await guardScan(clusterOf({ externalsecrets: [externalSecret("a", "ghcr-token")] }), stack);
    assert.deepEqual(scan, {
      admission: "deny",
      looked: {
        ExternalSecret: 1,
        PushSecret: 0,
        SecretStore: 0,
        ClusterSecretStore: 0,
        ClusterGenerator: 0,
        ClusterExternalSecret: 0,
        ClusterPushSecret: 0,
      },
      wouldBreak: [],
    });
    assert.match(formatGuardScan(scan), /^1 ExternalSecret; admission is deny: deny would refuse none/);
  });

  it("names an object that fetches a secret of another owner, and one that fetches an unknown secret", async () => {
    const externalsecrets = [externalSecret("a", "langfuse-db-credentials"), externalSecret("b", "nobody-knows")];
    assert.deepEqual(await reported({ externalsecrets }), [
      "authority-cluster-managed: ExternalSecret ameide-dev/a",
      "authority-not-in-catalogue: ExternalSecret ameide-dev/b",
    ]);
  });

  it("names a PushSecret that makes Vault the authority, and one that pushes without a name", async () => {
    const mirror = (name: string, spec: object) => ({
      metadata: { name, namespace: "ameide-dev" },
      spec: {
        updatePolicy: "Replace",
        secretStoreRefs: [{ kind: "SecretStore", name: "ameide-vault" }],
        selector: { secret: { name: "langfuse-db-credentials" } },
        data: [
          { match: { secretKey: "password", remoteRef: { remoteKey: "langfuse-db-credentials", property: "value" } } },
        ],
        ...spec,
      },
    });
    const pushsecrets = [
      mirror("keeps", { updatePolicy: "IfNotExists" }),
      mirror("pushes-all", { data: [], dataTo: [{ storeRef: { name: "ameide-vault" } }] }),
    ];
    assert.deepEqual(await reported({ pushsecrets }), [
      "authority-push-replace: PushSecret ameide-dev/keeps",
      "authority-push-all: PushSecret ameide-dev/pushes-all",
    ]);
  });

  it("names an object that fetches without naming keys: with find, and with a generator", async () => {
    const asking = (name: string, dataFrom: object) => externalSecret(name, "ghcr-token", { dataFrom: [dataFrom] });
    const externalsecrets = [
      asking("finds", { find: { name: { regexp: ".*" } } }),
      asking("generates", { sourceRef: { generatorRef: { kind: "Password", name: "a" } } }),
    ];
    assert.deepEqual(await reported({ externalsecrets }), [
      "delivery-find: ExternalSecret ameide-dev/finds",
      "delivery-find: ExternalSecret ameide-dev/generates",
    ]);
  });

  it("names a ClusterExternalSecret: the policy also applies to the objects that it creates", async () => {
    const { spec } = externalSecret("a", "langfuse-db-credentials");
    const clusterexternalsecrets = [{ metadata: { name: "wide" }, spec: { externalSecretSpec: spec } }];
    assert.deepEqual(await reported({ clusterexternalsecrets }), [
      "authority-cluster-managed: ClusterExternalSecret wide",
    ]);
  });

  it("names a ClusterSecretStore that logs in as a reader of ours", async () => {
    const serviceAccountRef = { name: "ameide-vault-reader", namespace: "ameide-dev" };
    const vault = {
      server: "http://x",
      auth: { kubernetes: { mountPath: "kubernetes", role: "r", serviceAccountRef } },
    };
    assert.deepEqual(
      await reported({ clustersecretstores: [{ metadata: { name: "theirs" }, spec: { provider: { vault } } }] }),
      ["store-borrowed-account: ClusterSecretStore theirs"],
    );
  });

  it("leaves out what admission does not refuse, even if the pack does", async () => {
    const externalsecrets = [externalSecret("a", "ghcr-token")];
    const target = { name: "a", creationPolicy: "Owner", deletionPolicy: "Retain" };
    const template = { mergePolicy: "Merge", data: { password: "CHANGEME" } };
    externalsecrets.push(externalSecret("b", "ghcr-token", { target: { ...target, name: "b", template } }));
    const clustersecretstores = [{ metadata: { name: "theirs" }, spec: { provider: { aws: { service: "S" } } } }];
    assert.deepEqual(await reported({ externalsecrets, clustersecretstores }), []);
  });

  it("fails if the objects may not be listed, instead of reporting none", async () => {
    const forbidden = { get: () => Promise.reject(new KubernetesError(403, "forbidden")) } as unknown as Cluster;
    await assert.rejects(guardScan(forbidden, stack), { status: 403 });
  });
});
