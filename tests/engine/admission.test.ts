import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { KubernetesError, openCluster, type Cluster } from "../../cli/access/cluster.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Strictness } from "../../domain/plan/environment.ts";
import { admissionBinding, externalSecretPolicy, pushSecretPolicy } from "../../domain/manifests/admission.ts";
import { externalSecret } from "../../domain/manifests/external-secret.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { applyCrds } from "../../local/servers/index.ts";
import { useServers } from "../support/servers.ts";
import { environmentStack, seedCatalogue } from "../support/stacks.ts";

const catalogue: Catalogue = {
  ...seedCatalogue,
  clusterManaged: [
    { pattern: "*-db-credentials", authority: "cnpg", see: "412" },
    { name: "postgres-ameide-auth", authority: "cnpg", aliases: ["postgres-ameide-password"] },
    { name: "grafana-admin-credentials", authority: "helm" },
  ],
  inClusterDeliveries: {
    "platform-app-master-client": {
      externalSecret: "keycloak-master-platform-app-sync",
      authority: "keycloak",
      producer: "keycloak-client-patcher",
      keys: { "client-secret": "platform-app-master-client-secret" },
    },
  },
};

const admission = "/apis/admissionregistration.k8s.io/v1";
const eso = (namespace: string, version = "v1", resource = "externalsecrets") =>
  `/apis/external-secrets.io/${version}/namespaces/${namespace}/${resource}`;

function stackIn(stage: Strictness["admission"], of: Catalogue = catalogue) {
  const stack = environmentStack("dev", {}, { catalogue: of });
  return { ...stack, strictness: { ...stack.strictness, admission: stage } };
}

interface Asked {
  readonly name?: string;
  readonly target?: string;
  readonly keys?: readonly string[];
  readonly dataFrom?: readonly object[];
  readonly annotations?: Record<string, string>;
  readonly finalizers?: readonly string[];
}

function asks({ name = "theirs", target = "theirs", keys = [], dataFrom, annotations, finalizers }: Asked) {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, ...(annotations && { annotations }), ...(finalizers && { finalizers }) },
    spec: {
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: { name: target },
      ...(keys.length > 0 && {
        data: keys.map((key, index) => ({ secretKey: `k${index}`, remoteRef: { key, property: "value" } })),
      }),
      ...(dataFrom && { dataFrom }),
    },
  };
}

/** Adds what External Secrets 2 defines: the API server drops whatever a definition does not have. */
async function defineDataTo(cluster: Cluster): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pushsecrets.external-secrets.io";
  const { spec } = await cluster.get<{
    readonly spec: {
      readonly versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }[];
    };
  }>(path);
  for (const { schema } of spec.versions) {
    const own = schema.openAPIV3Schema.properties.spec;
    const items = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    own.properties = { ...own.properties, dataTo: { type: "array", items } };
  }
  await cluster.patch(path, { spec: { versions: spec.versions } });
}

describe("externalSecretPolicy, on a real API server", function () {
  this.timeout(60_000);
  const servers = useServers(["kube-apiserver"]);
  let cluster: Cluster;

  before(async () => {
    await applyCrds(servers().home, servers().binaries);
    cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: "ameide-local" });
    for (const name of ["ameide-dev", "argocd", "elsewhere"]) {
      await cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    // from before the policy: it must still be annotated, freed and deleted
    await cluster.create(
      eso("ameide-dev"),
      asks({ name: "old", keys: ["platform-db-credentials"], finalizers: ["a.io/b"] }),
    );
    await hold("deny");
  });

  /** Puts the policies in place, and waits until the API server holds to them. */
  async function hold(stage: "audit" | "warn" | "deny", of: Catalogue = catalogue): Promise<void> {
    const stack = stackIn(stage, of);
    for (const policy of [externalSecretPolicy(stack), pushSecretPolicy(stack)]) {
      const objects = [
        ["validatingadmissionpolicies", policy],
        ["validatingadmissionpolicybindings", admissionBinding(stack, policy.metadata.name)],
      ] as const;
      for (const [resource, object] of objects) {
        const path = `${admission}/${resource}`;
        const there = await cluster.find(`${path}/${object.metadata.name}`);
        if (there === undefined) await cluster.create(path, object);
        else await cluster.patch(`${path}/${object.metadata.name}`, { spec: object.spec });
      }
    }
    const canary = asks({ keys: ["canary-that-no-catalogue-knows"] });
    const limit = Date.now() + 20_000;
    while (((await refusal("ameide-dev", canary)) === undefined) === (stage === "deny")) {
      if (Date.now() > limit) throw new Error(`the API server does not hold to ${stage} after 20 s`);
      await sleep(200);
    }
  }

  /** What the API server says against an object; `undefined` where it would take it. Nothing is stored. */
  async function refusal(namespace: string, object: object, path = eso(namespace)): Promise<string | undefined> {
    try {
      await cluster.create(`${path}?dryRun=All`, object);
      return undefined;
    } catch (error) {
      if (error instanceof KubernetesError) return error.message.replace(/^.*denied request: /s, "");
      throw error;
    }
  }

  it("lets every delivery of this program pass", async () => {
    for (const delivery of stackIn("deny").plan.deliveries) {
      assert.equal(await refusal(delivery.namespace, externalSecret(delivery, "0123456789ab")), undefined);
    }
  });

  it("lets others fetch what comes from outside, with the mount before it or not", async () => {
    for (const key of ["ghcr-token", "secret/ghcr-token", "secret/data/ghcr-token"]) {
      assert.equal(await refusal("ameide-dev", asks({ keys: [key] })), undefined, key);
    }
  });

  it("lets the very in-cluster delivery pass that the catalogue declares", async () => {
    const declared = {
      name: "keycloak-master-platform-app-sync",
      target: "platform-app-master-client",
      keys: ["platform-app-master-client-secret"],
    };
    assert.equal(await refusal("ameide-dev", asks(declared)), undefined);
    assert.match(
      (await refusal("ameide-dev", asks({ ...declared, name: "other" }))) ?? "",
      /platform-app-master-client-secret/,
    );
    assert.match(
      (await refusal("ameide-dev", asks({ ...declared, target: "other" }))) ?? "",
      /platform-app-master-client-secret/,
    );
  });

  for (const [what, asked, says] of [
    ["a database's secret", { keys: ["platform-db-credentials"] }, "platform-db-credentials (cnpg)"],
    ["it in the form of a variable", { keys: ["PLATFORM_DB_CREDENTIALS"] }, "platform-db-credentials (cnpg)"],
    ["it behind the mount", { keys: ["secret/data/platform-db-credentials"] }, "platform-db-credentials (cnpg)"],
    ["it by an alias", { keys: ["postgres-ameide-password"] }, "postgres-ameide-password (cnpg)"],
    ["it among lawful ones", { keys: ["ghcr-token", "x-db-credentials"] }, "x-db-credentials (cnpg)"],
    [
      "a client's secret of Keycloak",
      { keys: ["platform-app-client-secret"] },
      "platform-app-client-secret (keycloak)",
    ],
    ["a name that nobody knows", { keys: ["new-thing"] }, "new-thing (not in the catalogue)"],
    ["all keys of a path", { dataFrom: [{ extract: { key: "x-db-credentials" } }] }, "x-db-credentials (cnpg)"],
    [
      "whatever a search finds",
      { dataFrom: [{ find: { name: { regexp: ".*" } } }] },
      "datafrom-find (not in the catalogue)",
    ],
    [
      "what a generator makes",
      { dataFrom: [{ sourceRef: { generatorRef: { kind: "Password", name: "a" } } }] },
      "datafrom-sourceref (not in the catalogue)",
    ],
  ] as const) {
    it(`refuses ${what}, naming it and its owner`, async () =>
      assert.equal(
        await refusal("ameide-dev", asks(asked)),
        `it may not fetch ${says}; remove the key, or declare the delivery in environments/catalogue.yaml [authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, delivery-find]`,
      ));
  }

  it("names every refused key at once", async () =>
    assert.match(
      (await refusal("ameide-dev", asks({ keys: ["a-db-credentials", "ghcr-token", "new-thing"] }))) ?? "",
      /^it may not fetch a-db-credentials \(cnpg\), new-thing \(not in the catalogue\);/,
    ));

  it("refuses to write over the Secret of another controller", async () =>
    assert.equal(
      await refusal("ameide-dev", asks({ target: "postgres-ameide-auth", keys: ["ghcr-token"] })),
      "its target postgres-ameide-auth (cnpg) is the Secret of another controller; choose another name [authority-cluster-managed]",
    ));

  it("takes the object's own name for the target where it gives none", async () => {
    const { target: _, ...spec } = asks({ keys: ["ghcr-token"] }).spec;
    const object = { ...asks({ name: "grafana-admin-credentials" }), spec };
    assert.match((await refusal("ameide-dev", object)) ?? "", /^its target grafana-admin-credentials \(helm\)/);
  });

  it("has nothing to say in a namespace of no environment", async () =>
    assert.equal(await refusal("elsewhere", asks({ keys: ["platform-db-credentials"] })), undefined));

  it("judges 1,000 keys, lawful or not, within CEL's budget", async () => {
    const lawful = Array.from({ length: 1000 }, () => "ghcr-token");
    assert.equal(await refusal("ameide-dev", asks({ keys: lawful })), undefined);
    assert.match(
      (await refusal("ameide-dev", asks({ keys: [...lawful.slice(1), "x-db-credentials"] }))) ?? "",
      /^it may not fetch x-db-credentials \(cnpg\);/,
    );
  });

  it("refuses 1,000 unlawful keys", async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `x${index}-db-credentials`);
    assert.notEqual(await refusal("ameide-dev", asks({ keys })), undefined);
  });

  it("lets an object from before be annotated, freed of its finalizer and deleted, but not changed", async () => {
    const old = `${eso("ameide-dev")}/old`;
    await cluster.patch(old, { metadata: { annotations: { seen: "yes" } } });
    await assert.rejects(
      cluster.patch(old, { spec: { refreshInterval: "9m" } }),
      /it may not fetch platform-db-credentials/,
    );
    await cluster.remove(old);
    await cluster.patch(old, { metadata: { finalizers: null } });
    assert.equal(await cluster.find(old), undefined);
  });

  describe("beside pushSecretPolicy", () => {
    const pushes = (remoteKey: string, more: object = {}) => ({
      apiVersion: "external-secrets.io/v1alpha1",
      kind: "PushSecret",
      metadata: { name: "mirror" },
      spec: {
        secretStoreRefs: [{ name: "ameide-vault", kind: "SecretStore" }],
        selector: { secret: { name: "platform-db-credentials" } },
        data: [{ match: { secretKey: "password", remoteRef: { remoteKey, property: "value" } } }],
        ...more,
      },
    });
    const collection = eso("ameide-dev", "v1alpha1", "pushsecrets");
    const pushed = (object: object) => refusal("ameide-dev", object, collection);

    before(async () => {
      await defineDataTo(cluster);
      const object = pushes("platform-db-credentials", { dataTo: [] });
      const limit = Date.now() + 20_000;
      const kept = () => cluster.create<{ readonly spec: object }>(`${collection}?dryRun=All`, object);
      while (!("dataTo" in (await kept()).spec)) {
        if (Date.now() > limit) throw new Error("the API server drops dataTo after 20 s");
        await sleep(200);
      }
    });

    it("lets a database's secret be mirrored", async () =>
      assert.equal(await pushed(pushes("platform-db-credentials", { updatePolicy: "Replace" })), undefined));

    it("refuses a mirror that would leave an old value in Vault", async () =>
      assert.match(
        (await pushed(pushes("platform-db-credentials", { updatePolicy: "IfNotExists" }))) ?? "",
        /^updatePolicy IfNotExists/,
      ));

    it("refuses what External Secrets 2 pushes without a name", async () => {
      const dataTo = [{ storeRef: { name: "ameide-vault" } }];
      assert.equal(
        await pushed(pushes("platform-db-credentials", { dataTo })),
        "dataTo pushes whatever keys the Secret has; name each key under data [authority-push-all]",
      );
    });

    for (const [key, owner] of [
      ["ghcr-token", "an ExternalSecret reads it"],
      ["platform-app-master-client-secret", "an ExternalSecret reads it"],
      ["platform-app-client-secret", "keycloak"],
      ["new-thing", "not in the catalogue"],
    ] as const) {
      it(`refuses to write ${key}`, async () =>
        assert.equal(
          await pushed(pushes(key)),
          `it may not write ${key} (${owner}); only secrets of cnpg, redis, helm that no ExternalSecret reads are mirrored [authority-wrong-writer, authority-mirror-read]`,
        ));
    }
  });

  describe("in its other stages", () => {
    const violating = asks({ keys: ["platform-db-credentials"] });

    function applied(): { readonly status: number | null; readonly stderr: string } {
      const { home, binaries } = servers();
      const args = ["--kubeconfig", home.kubeconfig, "-n", "ameide-dev", "create", "--dry-run=server", "-f", "-"];
      return spawnSync(binaries.kubectl, args, { input: JSON.stringify(violating), encoding: "utf8" });
    }

    it("warns whoever applies it, and lets it pass", async () => {
      await hold("warn");
      const { status, stderr } = applied();
      assert.equal(status, 0);
      assert.match(stderr, /Warning: .*it may not fetch platform-db-credentials \(cnpg\)/);
    });

    it("says nothing to whoever applies it in audit", async () => {
      await hold("audit");
      // the API server takes a moment to let go of the binding's former stage
      const limit = Date.now() + 20_000;
      while (applied().stderr !== "" && Date.now() < limit) await sleep(200);
      assert.deepEqual([applied().status, applied().stderr], [0, ""]);
    });
  });

  describe("with the whole catalogue of this repository", () => {
    it("lets its own deliveries pass, and judges 1,000 keys", async () => {
      const real = readCatalogue();
      await hold("deny", real);
      for (const delivery of stackIn("deny", real).plan.deliveries) {
        assert.equal(
          await refusal(delivery.namespace, externalSecret(delivery, "0123456789ab")),
          undefined,
          delivery.name,
        );
      }
      const lawful = Array.from({ length: 1000 }, () => "ghcr-token");
      assert.equal(await refusal("ameide-dev", asks({ keys: lawful })), undefined);
      assert.match(
        (await refusal("ameide-dev", asks({ keys: [...lawful, "platform-db-credentials"] }))) ?? "",
        /^it may not fetch platform-db-credentials \(cnpg\);/,
      );
    });
  });
});
