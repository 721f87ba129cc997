import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { externalSecret } from "../../domain/manifests/external-secret.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { defineFields, resourcePath, useAdmission } from "../support/admission.ts";
import { seedCatalogue } from "../support/stacks.ts";

const catalogue: Catalogue = {
  ...seedCatalogue,
  clusterManaged: [
    { pattern: "*-db-credentials", authority: "cnpg", see: "412" },
    { name: "postgres-ameide-auth", authority: "cnpg", aliases: ["postgres-ameide-password"] },
    { name: "grafana-admin-credentials", authority: "helm" },
    { name: "vault-auto-credentials", authority: "bootstrap" },
  ],
  inClusterDeliveries: {
    "platform-app-master-client": {
      externalSecret: "keycloak-master-platform-app-sync",
      authority: "keycloak",
      producer: "keycloak-client-patcher",
      keys: { "client-secret": "platform-app-master-client-secret" },
    },
    "argocd-secret": {
      externalSecret: "argocd-secret-sync",
      authority: "keycloak",
      producer: "keycloak-client-patcher",
      creationPolicy: "Merge",
      keys: { "dex.secret": "argocd-dex-client-secret" },
      namespaces: ["argocd"],
    },
  },
};

interface Asked {
  readonly name?: string;
  readonly target?: string;
  readonly keys?: readonly string[];
  /** Key in the target for each of `keys`. @default - `k0`, `k1` and so on */
  readonly into?: readonly string[];
  readonly dataFrom?: readonly object[];
  readonly template?: object;
  readonly manifest?: object;
  readonly creationPolicy?: string;
  readonly annotations?: Record<string, string>;
  readonly finalizers?: readonly string[];
}

function asks({ name = "theirs", target = "theirs", keys = [], into = [], dataFrom, ...rest }: Asked) {
  const { annotations, finalizers, ...written } = rest;
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, ...(annotations && { annotations }), ...(finalizers && { finalizers }) },
    spec: {
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: { name: target, ...written },
      ...(keys.length > 0 && {
        data: keys.map((key, index) => ({
          secretKey: into[index] ?? `k${index}`,
          remoteRef: { key, property: "value" },
        })),
      }),
      ...(dataFrom && { dataFrom }),
    },
  };
}

describe("externalSecretPolicy, on a real API server", function () {
  this.timeout(60_000);
  const admission = useAdmission("dev", asks({ keys: ["canary-that-no-catalogue-knows"] }));
  const stackIn = (stage: "deny", of = catalogue) => admission().stackIn(stage, of);
  const hold = (stage: "audit" | "warn" | "deny", of = catalogue) => admission().hold(stage, of);
  const refusal = (namespace: string, object: object, path = resourcePath("externalsecrets", namespace)) =>
    admission().refusal(object, path);

  before(async () => {
    // from before the policy: it must still be annotated, freed and deleted
    await admission().cluster.create(
      resourcePath("externalsecrets", "ameide-dev"),
      asks({ name: "old", keys: ["platform-db-credentials"], finalizers: ["a.io/b"] }),
    );
    await hold("deny");
  });

  it("allows every delivery of this program", async () => {
    for (const delivery of stackIn("deny").plan.deliveries) {
      assert.equal(await refusal(delivery.namespace, externalSecret(delivery, "0123456789ab")), undefined);
    }
  });

  it("allows others to fetch external secrets, with or without the mount in the path", async () => {
    for (const key of ["ghcr-token", "secret/ghcr-token", "secret/data/ghcr-token"]) {
      assert.equal(await refusal("ameide-dev", asks({ keys: [key] })), undefined, key);
    }
  });

  it("allows a delivery that the catalogue declares as Merge only to merge, so that the Secret keeps its owner", async () => {
    const keys = { keys: ["argocd-dex-client-secret"], into: ["dex.secret"] };
    const declared = { name: "argocd-secret-sync", target: "argocd-secret", ...keys };
    const policy = (creationPolicy: string) => refusal("argocd", asks({ ...declared, creationPolicy }));
    assert.equal(await policy("Merge"), undefined);
    assert.match((await policy("Owner")) ?? "", /^set creationPolicy: Merge and deletionPolicy: Retain/);
    assert.match((await policy("CreateOrMerge")) ?? "", /set creationPolicy: Merge|Unsupported value/);
  });

  it("allows exactly the in-cluster delivery that the catalogue declares", async () => {
    const declared = {
      name: "keycloak-master-platform-app-sync",
      target: "platform-app-master-client",
      keys: ["platform-app-master-client-secret"],
      into: ["client-secret"],
    };
    assert.equal(await refusal("ameide-dev", asks(declared)), undefined);
    for (const creationPolicy of ["Merge", "Orphan"]) {
      const refused = await refusal("ameide-dev", asks({ ...declared, creationPolicy }));
      assert.match(refused ?? "", /^set creationPolicy: Owner and deletionPolicy: Retain/, creationPolicy);
    }
    assert.match((await refusal("argocd", asks(declared))) ?? "", /platform-app-master-client-secret/);
    assert.match(
      (await refusal("ameide-dev", asks({ ...declared, into: ["password"] }))) ?? "",
      /platform-app-master-client-secret/,
    );
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
    ["it among allowed ones", { keys: ["ghcr-token", "x-db-credentials"] }, "x-db-credentials (cnpg)"],
    [
      "a client's secret of Keycloak",
      { keys: ["platform-app-client-secret"] },
      "platform-app-client-secret (keycloak)",
    ],
    ["a name that nobody knows", { keys: ["new-thing"] }, "new-thing (not in the catalogue)"],
    ["all keys of a path", { dataFrom: [{ extract: { key: "x-db-credentials" } }] }, "x-db-credentials (cnpg)"],
  ] as const) {
    it(`refuses ${what}, naming it and its owner`, async () =>
      assert.equal(
        await refusal("ameide-dev", asks(asked)),
        `it may not fetch ${says}; remove the key, or declare the delivery in environments/catalogue.yaml [authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, authority-retired]`,
      ));
  }

  for (const [what, asked, says] of [
    [
      "whatever a search finds",
      { dataFrom: [{ find: { name: { regexp: ".*" } } }] },
      "dataFrom[].find fetches keys that it does not name; list each key under data [delivery-find]",
    ],
    [
      "a search beside a key that may be fetched",
      { dataFrom: [{ extract: { key: "ghcr-token" }, find: { name: { regexp: ".*" } } }] },
      "dataFrom[].find fetches keys that it does not name; list each key under data [delivery-find]",
    ],
    [
      "what a generator creates",
      { dataFrom: [{ sourceRef: { generatorRef: { kind: "Password", name: "a" } } }] },
      "dataFrom[].sourceRef.generatorRef fetches keys that it does not name; list each key under data [delivery-find]",
    ],
    [
      "a template that copies a database's Secret",
      { template: { templateFrom: [{ secret: { name: "platform-db-credentials", items: [{ key: "password" }] } }] } },
      "its template may not copy the Secret platform-db-credentials (cnpg); fetch what it needs under data [authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, authority-retired]",
    ],
    [
      "a template that copies Vault's root token",
      { template: { templateFrom: [{ secret: { name: "vault-auto-credentials", items: [{ key: "root-token" }] } }] } },
      "its template may not copy the Secret vault-auto-credentials (bootstrap); fetch what it needs under data [authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, authority-retired]",
    ],
    [
      "a target that the catalogue gives to another, with Merge too",
      { target: "ghcr-pull", keys: ["ghcr-token"], creationPolicy: "Merge" },
      "its target ghcr-pull belongs to the ExternalSecret ghcr-pull-sync; choose another name [authority-declared-target]",
    ],
    [
      "the target of a declared in-cluster delivery, with Merge too",
      { target: "platform-app-master-client", keys: ["ghcr-token"], creationPolicy: "Merge" },
      "its target platform-app-master-client (keycloak) is the Secret of another controller; choose another name [authority-cluster-managed, authority-undeclared-delivery]",
    ],
  ] as const) {
    it(`refuses ${what}`, async () => assert.equal(await refusal("ameide-dev", asks(asked)), says));
  }

  it("allows a template with text from a ConfigMap, and a copy of a Secret with external secrets", async () => {
    for (const from of [{ configMap: { name: "a" } }, { secret: { name: "langfuse-secrets" } }]) {
      const [[kind, { name }]] = Object.entries(from) as [[string, { name: string }]];
      const template = { templateFrom: [{ [kind]: { name, items: [{ key: "a" }] } }] };
      assert.equal(await refusal("ameide-dev", asks({ keys: ["ghcr-token"], template })), undefined, kind);
    }
  });

  it("refuses to write another kind of object, which External Secrets 1 and newer can", async () => {
    const manifest = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await defineFields(admission().cluster, "externalsecrets", { "target.manifest": manifest });
    const object = asks({ keys: ["ghcr-token"], manifest: { apiVersion: "v1", kind: "ConfigMap" } });
    const limit = Date.now() + 20_000;
    while ((await refusal("ameide-dev", object)) === undefined && Date.now() < limit) await sleep(200);
    assert.equal(
      await refusal("ameide-dev", object),
      "target.manifest writes values into another kind of object; remove it [delivery-target-kind]",
    );
  });

  it("names every refused key at once", async () =>
    assert.match(
      (await refusal("ameide-dev", asks({ keys: ["a-db-credentials", "ghcr-token", "new-thing"] }))) ?? "",
      /^it may not fetch a-db-credentials \(cnpg\), new-thing \(not in the catalogue\);/,
    ));

  it("refuses to write over the Secret of another controller", async () =>
    assert.equal(
      await refusal("ameide-dev", asks({ target: "postgres-ameide-auth", keys: ["ghcr-token"] })),
      "its target postgres-ameide-auth (cnpg) is the Secret of another controller; choose another name [authority-cluster-managed, authority-undeclared-delivery]",
    ));

  it("uses the object's own name as the target if it gives none", async () => {
    const { target: _, ...spec } = asks({ keys: ["ghcr-token"] }).spec;
    const object = { ...asks({ name: "grafana-admin-credentials" }), spec };
    assert.match((await refusal("ameide-dev", object)) ?? "", /^its target grafana-admin-credentials \(helm\)/);
  });

  it("checks nothing in a namespace outside the environments", async () =>
    assert.equal(await refusal("elsewhere", asks({ keys: ["platform-db-credentials"] })), undefined));

  it("judges 1,000 keys, allowed or not, within CEL's budget", async () => {
    const accepted = Array.from({ length: 1000 }, () => "ghcr-token");
    assert.equal(await refusal("ameide-dev", asks({ keys: accepted })), undefined);
    assert.match(
      (await refusal("ameide-dev", asks({ keys: [...accepted.slice(1), "x-db-credentials"] }))) ?? "",
      /^it may not fetch x-db-credentials \(cnpg\);/,
    );
  });

  it("refuses 1,000 keys that are not allowed", async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `x${index}-db-credentials`);
    assert.notEqual(await refusal("ameide-dev", asks({ keys })), undefined);
  });

  it("allows an existing object to be annotated, freed of its finalizer and deleted, but not changed", async () => {
    const { cluster } = admission();
    const old = `${resourcePath("externalsecrets", "ameide-dev")}/old`;
    await cluster.patch(old, { metadata: { annotations: { seen: "yes" } } });
    await assert.rejects(
      cluster.patch(old, { spec: { refreshInterval: "9m" } }),
      /it may not fetch platform-db-credentials/,
    );
    await cluster.remove(old);
    await cluster.patch(old, { metadata: { finalizers: null } });
    assert.equal(await cluster.find(old), undefined);
  });

  describe("with pushSecretPolicy", () => {
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
    const collection = resourcePath("pushsecrets", "ameide-dev");
    const pushed = (object: object) => refusal("ameide-dev", object, collection);

    before(async () => {
      const { cluster } = admission();
      const items = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
      await defineFields(cluster, "pushsecrets", { dataTo: { type: "array", items } });
      const object = pushes("platform-db-credentials", { dataTo: [] });
      const limit = Date.now() + 20_000;
      const kept = () => cluster.create<{ readonly spec: object }>(`${collection}?dryRun=All`, object);
      while (!("dataTo" in (await kept()).spec)) {
        if (Date.now() > limit) throw new Error("the API server drops dataTo after 20 s");
        await sleep(200);
      }
    });

    it("allows a mirror of a database's secret", async () =>
      assert.equal(await pushed(pushes("platform-db-credentials", { updatePolicy: "Replace" })), undefined));

    it("refuses a mirror that would leave an old value in Vault", async () =>
      assert.match(
        (await pushed(pushes("platform-db-credentials", { updatePolicy: "IfNotExists" }))) ?? "",
        /^updatePolicy IfNotExists/,
      ));

    it("refuses one that deletes the copy in Vault, and one that pushes every key", async () => {
      const remoteRef = { remoteKey: "platform-db-credentials", property: "value" };
      assert.match(
        (await pushed(pushes("platform-db-credentials", { deletionPolicy: "Delete" }))) ?? "",
        /^deletionPolicy Delete .*\[authority-push-keep\]/,
      );
      assert.match(
        (await pushed(pushes("platform-db-credentials", { data: [{ match: { remoteRef } }] }))) ?? "",
        /^every entry of data needs match\.secretKey.*\[authority-push-all\]/,
      );
    });

    it("refuses pushes without names, which External Secrets 2 supports", async () => {
      const dataTo = [{ storeRef: { name: "ameide-vault" } }];
      assert.equal(
        await pushed(pushes("platform-db-credentials", { dataTo })),
        "dataTo[] pushes keys that it does not name; name the Secret in selector.secret.name and each key under data [authority-push-all]",
      );
    });

    for (const [what, more, says] of [
      [
        "Vault's root token under the name of a database's secret",
        { selector: { secret: { name: "vault-auto-credentials" } } },
        /^it may not push the Secret vault-auto-credentials \(bootstrap\);/,
      ],
      [
        "it by a template",
        {
          template: { templateFrom: [{ secret: { name: "vault-auto-credentials", items: [{ key: "root-token" }] } }] },
        },
        /^it may not push the Secret vault-auto-credentials \(bootstrap\);/,
      ],
      [
        "Secrets by their labels",
        { selector: { secret: { selector: { matchLabels: { a: "b" } } } } },
        /^selector\.secret\.selector pushes keys that it does not name;/,
      ],
      [
        "what a generator creates",
        { selector: { generatorRef: { kind: "Password", name: "a" } } },
        /^selector\.generatorRef pushes keys that it does not name;/,
      ],
    ] as const) {
      it(`refuses to push ${what}`, async () =>
        assert.match((await pushed(pushes("platform-db-credentials", more))) ?? "", says));
    }

    for (const [key, owner] of [
      ["ghcr-token", "an ExternalSecret reads it"],
      ["platform-app-master-client-secret", "an ExternalSecret reads it"],
      ["platform-app-client-secret", "keycloak"],
      ["new-thing", "not in the catalogue"],
    ] as const) {
      it(`refuses to write ${key}`, async () =>
        assert.equal(
          await pushed(pushes(key)),
          `it may not write ${key} (${owner}); only secrets of cnpg, redis, helm that no ExternalSecret reads are mirrored [authority-wrong-writer, authority-cluster-managed, authority-not-in-catalogue, authority-mirror-read]`,
        ));
    }
  });

  describe("in its other stages", () => {
    const violating = asks({ keys: ["platform-db-credentials"] });

    function applied(): { readonly status: number | null; readonly stderr: string } {
      const { home, binaries } = admission().servers;
      const args = ["--kubeconfig", home.kubeconfig, "-n", "ameide-dev", "create", "--dry-run=server", "-f", "-"];
      return spawnSync(binaries.kubectl, args, { input: JSON.stringify(violating), encoding: "utf8" });
    }

    it("warns the user who applies it, and allows it", async () => {
      await hold("warn");
      const { status, stderr } = applied();
      assert.equal(status, 0);
      assert.match(stderr, /Warning: .*it may not fetch platform-db-credentials \(cnpg\)/);
    });

    it("reports nothing to the user who applies it in audit", async () => {
      await hold("audit");
      // the API server takes a moment to let go of the binding's former stage
      const limit = Date.now() + 20_000;
      while (applied().stderr !== "" && Date.now() < limit) await sleep(200);
      assert.deepEqual([applied().status, applied().stderr], [0, ""]);
    });
  });

  describe("with the whole catalogue of this repository", () => {
    it("allows its own deliveries, and judges 1,000 keys", async () => {
      const real = readCatalogue();
      await hold("deny", real);
      for (const delivery of stackIn("deny", real).plan.deliveries) {
        assert.equal(
          await refusal(delivery.namespace, externalSecret(delivery, "0123456789ab")),
          undefined,
          delivery.name,
        );
      }
      const accepted = Array.from({ length: 1000 }, () => "ghcr-token");
      assert.equal(await refusal("ameide-dev", asks({ keys: accepted })), undefined);
      assert.match(
        (await refusal("ameide-dev", asks({ keys: [...accepted, "platform-db-credentials"] }))) ?? "",
        /^it may not fetch platform-db-credentials \(cnpg\);/,
      );
    });
  });
});
