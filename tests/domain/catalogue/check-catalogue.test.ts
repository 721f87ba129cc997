import assert from "node:assert/strict";
import { checkCatalogue } from "../../../domain/catalogue/check-catalogue.ts";
import { catalogueOf } from "../../support/catalogues.ts";

const token = { authority: "external", env: "TOKEN" };

/** `code subject: problem` of each finding. */
function reported(parts: Readonly<Record<string, unknown>>): readonly string[] {
  return checkCatalogue(catalogueOf(parts)).map(({ code, subject, problem }) => `${code} ${subject}: ${problem}`);
}

describe("checkCatalogue", () => {
  it("allows consistent entries", () => {
    assert.deepEqual(
      reported({
        secrets: { token, made: { authority: "generated" } },
        clusterManaged: [
          { name: "a-client-secret", authority: "keycloak" },
          { pattern: "*-db-url", authority: "cnpg" },
        ],
        deliveries: { one: { keys: { A: "token", B: "made" } } },
        inClusterDeliveries: {
          auth: {
            externalSecret: "auth-sync",
            authority: "keycloak",
            producer: "p",
            keys: { A: "a-client-secret", B: "made" },
          },
        },
        keycloakClients: [{ clientId: "a", vaultKey: "a-client-secret" }],
        retired: { old: { since: "2025-12-05", use: "token" } },
      }),
      [],
    );
  });

  it("gives each finding the place that the caller provides", () => {
    const catalogue = catalogueOf({ deliveries: { one: { keys: { A: "nothing" } } } });
    const [finding] = checkCatalogue(catalogue, (path) => `here:${path.join("/")}`);
    assert.equal(finding?.where, "here:deliveries/one/keys/A");
    assert.equal("path" in (finding ?? {}), false);
  });

  describe("secrets", () => {
    it("refuses two variables that become one name", () => {
      assert.deepEqual(reported({ secrets: { a: { ...token, env: "A_B" }, b: { ...token, env: "A.B" } } }), [
        'catalogue-names-meet secrets.b: variable of b and a name of a both become "a-b"',
      ]);
    });
    it("refuses an alias that is the name of another secret", () => {
      assert.deepEqual(
        reported({ secrets: { a: { ...token, env: "A" }, b: { ...token, env: "B", aliases: ["A"] } } }),
        ['catalogue-names-meet secrets.b: alias A of b and a name of a both become "a"'],
      );
    });
    it("refuses two with one name in Key Vault, and two at one path in Vault", () => {
      assert.deepEqual(
        reported({ secrets: { a: { ...token, env: "A" }, b: { ...token, env: "B", keyVault: "a" } } }).map(
          (line) => line.split(" ")[0],
        ),
        ["catalogue-key-vault-names-meet"],
      );
      assert.deepEqual(reported({ secrets: { a: { ...token, env: "A" }, b: { ...token, env: "B", vault: "a" } } }), [
        "catalogue-vault-paths-meet secrets.b: a and b are both stored at a in Vault",
      ]);
    });
    it("allows any number of generated ones, which are not in Key Vault", () => {
      assert.deepEqual(reported({ secrets: { a: { authority: "generated" }, b: { authority: "generated" } } }), []);
    });
    it("refuses an external secret with the name or alias of a cluster-managed one", () => {
      const clusterManaged = [{ name: "redis-auth", authority: "redis", aliases: ["REDIS_PASSWORD"] }];
      assert.deepEqual(reported({ secrets: { "redis-auth": { ...token, env: "TOKEN" } }, clusterManaged }), [
        'catalogue-cluster-managed secrets.redis-auth: the name of redis-auth, "redis-auth", is redis-auth (redis) under clusterManaged',
      ]);
      assert.match(
        reported({ secrets: { token: { ...token, env: "REDIS_PASSWORD" } }, clusterManaged })[0] ?? "",
        /^catalogue-cluster-managed/,
      );
    });
    for (const [what, changes] of [
      ["its Vault path", { vault: "platform-db-password" }],
      ["the last part of its Vault path", { vault: "dev/platform-db-password" }],
      ["its Key Vault name", { keyVault: "platform-db-password" }],
      ["its Vault path in capitals", { vault: "PLATFORM_DB_PASSWORD" }],
    ] as const) {
      it(`refuses an external secret that is cluster-managed by ${what}`, () => {
        const clusterManaged = [
          { name: "platform-db-credentials", authority: "cnpg", aliases: ["platform-db-password"] },
        ];
        const found = reported({ secrets: { "evil-v": { ...token, ...changes } }, clusterManaged });
        assert.equal(found.length, 1, found.join("\n"));
        assert.match(
          found[0] ?? "",
          /^catalogue-cluster-managed secrets\.evil-v: .* of evil-v, "(?:dev\/)?platform-db-password", is platform-db-credentials \(cnpg\)/,
        );
      });
    }
    for (const [what, changes] of [
      ["a Vault path", { vault: "payments-db-password" }],
      ["a Key Vault name", { keyVault: "payments-db-password" }],
      ["an alias", { aliases: ["PAYMENTS_DB_PASSWORD"] }],
      ["a variable", { env: "PAYMENTS_DB_PASSWORD" }],
    ] as const) {
      it(`refuses ${what} that a pattern covers, because only the secret's own name can be an exception`, () => {
        const clusterManaged = [{ pattern: "*-db-password", authority: "cnpg" }];
        const [found = ""] = reported({ secrets: { "evil-v": { ...token, ...changes } }, clusterManaged });
        assert.match(
          found,
          /^catalogue-cluster-managed .*"payments-db-password", is cnpg .* by the pattern \*-db-password$/,
        );
        assert.deepEqual(
          reported({ secrets: { "payments-db-password": { ...token, ...changes } }, clusterManaged }),
          [],
        );
      });
    }
    it("refuses an external secret at a path that a producer in the cluster writes", () => {
      const inClusterDeliveries = {
        status: { externalSecret: "s", authority: "service", producer: "monitor", keys: { A: "status/<env>/x" } },
      };
      assert.deepEqual(
        reported({
          secrets: { evil: { ...token, vault: "status/dev/x" } },
          clusterManaged: [{ pattern: "state/*", authority: "service" }],
          inClusterDeliveries,
        }),
        [
          "catalogue-written-by-producer secrets.evil: evil is stored at status/dev/x in Vault, but inClusterDeliveries.status declares that monitor writes this path",
        ],
      );
    });
    it("allows an external secret if only a pattern covers its name: the exact name takes precedence", () => {
      const clusterManaged = [{ pattern: "*-client-secret", authority: "keycloak" }];
      assert.deepEqual(reported({ secrets: { "gh-client-secret": token }, clusterManaged }), []);
    });
    it("refuses a secret that is required in an environment without it", () => {
      assert.deepEqual(
        reported({ secrets: { token: { ...token, environments: ["dev"], required: ["dev", "prod"] } } }),
        [
          "catalogue-required-elsewhere secrets.token.required: token is required in prod, but prod is not one of its environments",
        ],
      );
    });
    it("refuses a fixture that is not publicly known, without showing it", () => {
      const [line = ""] = reported({ secrets: { token: { ...token, fixture: "hunter2" } } });
      assert.match(line, /^catalogue-fixture-unknown secrets\.token\.fixture/);
      assert.doesNotMatch(line, /hunter2/);
      assert.deepEqual(reported({ secrets: { token: { ...token, fixture: "minioadmin" } } }), []);
    });
  });

  describe("clusterManaged", () => {
    it("refuses a name or a pattern that two entries own", () => {
      const clusterManaged = [
        { name: "a", authority: "cnpg" },
        { name: "b", aliases: ["A"], authority: "helm" },
        { pattern: "x-*", authority: "tls" },
        { pattern: "x-*", authority: "tls" },
      ];
      assert.deepEqual(reported({ clusterManaged }), [
        "catalogue-owned-twice clusterManaged[1]: A of b (helm, entry 2) is already a name of a (cnpg, entry 1)",
        "catalogue-owned-twice clusterManaged[3]: x-* of x-* (tls, entry 4) is already a name of x-* (tls, entry 3)",
      ]);
    });
  });

  describe("keycloakClients", () => {
    it("refuses a Vault key that is not Keycloak's: the patcher could overwrite it", () => {
      assert.deepEqual(reported({ secrets: { token }, keycloakClients: [{ clientId: "a", vaultKey: "token" }] }), [
        "catalogue-client-foreign-key keycloakClients[0]: the patcher would write token, which is external, not keycloak",
      ]);
    });
    it("refuses a client or a key that is declared twice", () => {
      const keycloakClients = [
        { clientId: "a", vaultKey: "k" },
        { clientId: "a", vaultKey: "k" },
      ];
      assert.deepEqual(reported({ keycloakClients }), [
        "catalogue-client-twice keycloakClients[1]: client a is declared twice, by a (entry 1) and a (entry 2)",
        "catalogue-client-twice keycloakClients[1]: Vault key k is declared twice, by a (entry 1) and a (entry 2)",
      ]);
    });
  });

  describe("deliveries", () => {
    it("refuses one that reads an unknown secret, and offers the nearest", () => {
      const [finding] = checkCatalogue(
        catalogueOf({ secrets: { "api-token": token }, deliveries: { one: { keys: { A: "api-tokn" } } } }),
      );
      assert.equal(finding?.code, "catalogue-delivery-unknown");
      assert.match(finding?.fix ?? "", /^did you mean api-token\?/);
    });
    it("refuses one that reads a cluster-managed secret, naming its owner", () => {
      const clusterManaged = [{ pattern: "*-db-url", authority: "cnpg" }];
      assert.match(
        reported({ clusterManaged, deliveries: { one: { keys: { A: "x-db-url" } } } })[0] ?? "",
        /^catalogue-delivery-refused deliveries\.one\.keys\.A: one reads x-db-url, which is cnpg: .*CNPG operator/,
      );
    });
    it("refuses a pull secret whose password is not known, at its own key", () => {
      const pull = { type: "kubernetes.io/dockerconfigjson", registry: "r.io", username: "token", password: "gone" };
      assert.match(
        reported({ secrets: { token }, deliveries: { pull } })[0] ?? "",
        /^catalogue-delivery-unknown deliveries\.pull\.password: /,
      );
    });
    it("refuses one that reads an alias, with the secret's own name", () => {
      const [finding] = checkCatalogue(
        catalogueOf({
          secrets: { token: { ...token, aliases: ["old-token"] } },
          deliveries: { one: { keys: { A: "old-token" } } },
        }),
      );
      assert.deepEqual([finding?.code, finding?.fix], ["catalogue-delivery-refused", "read token"]);
    });
    it("refuses one that reads what other owners deliver, with the way to declare it", () => {
      const [finding] = checkCatalogue(
        catalogueOf({
          clusterManaged: [{ name: "svc", authority: "service" }],
          deliveries: { one: { keys: { A: "svc" } } },
        }),
      );
      assert.match(finding?.fix ?? "", /declare the delivery under inClusterDeliveries/);
    });
    it("refuses one in an environment where its secret does not exist", () => {
      assert.deepEqual(
        reported({
          secrets: { token: { ...token, environments: ["dev"] } },
          deliveries: { one: { keys: { A: "token" }, environments: ["dev", "prod"] } },
        }),
        ["catalogue-delivery-elsewhere deliveries.one.keys.A: one is delivered in prod, where token does not exist"],
      );
    });
    it("refuses a target that another controller owns, by name or by pattern", () => {
      const clusterManaged = [
        { name: "redis-auth", authority: "redis" },
        { pattern: "*-db-credentials", authority: "cnpg" },
      ];
      const deliveries = { "redis-auth": { keys: { A: "token" } }, "x-db-credentials": { keys: { A: "token" } } };
      assert.deepEqual(reported({ secrets: { token }, clusterManaged, deliveries }), [
        "catalogue-target-owned deliveries.redis-auth: the target redis-auth belongs to redis",
        "catalogue-target-owned deliveries.x-db-credentials: the target x-db-credentials belongs to cnpg by the pattern *-db-credentials",
      ]);
    });
    it("refuses two with one target and two with one ExternalSecret", () => {
      const inCluster = { externalSecret: "two-sync", authority: "service", producer: "p", keys: { A: "svc" } };
      assert.deepEqual(
        reported({
          secrets: { token },
          clusterManaged: [{ name: "svc", authority: "service" }],
          deliveries: {
            one: { keys: { A: "token" } },
            two: { keys: { A: "token" } },
            three: { externalSecret: "one-sync", keys: { A: "token" } },
          },
          inClusterDeliveries: { two: inCluster },
        }),
        [
          "catalogue-target-twice deliveries.two: two is declared twice, under deliveries and under inClusterDeliveries (producer p)",
          "catalogue-external-secret-twice deliveries.three: the ExternalSecret one-sync creates both one and three",
        ],
      );
    });
  });

  describe("inClusterDeliveries", () => {
    const delivery = (keys: Readonly<Record<string, string>>): unknown => ({
      one: { externalSecret: "one-sync", authority: "service", producer: "p", keys },
    });
    it("refuses one that reads what no ExternalSecret may read, declared or not", () => {
      const clusterManaged = [{ name: "redis-auth", authority: "redis" }];
      assert.match(
        reported({ clusterManaged, inClusterDeliveries: delivery({ A: "redis-auth" }) })[0] ?? "",
        /^catalogue-delivery-refused inClusterDeliveries\.one\.keys\.A: one reads redis-auth: .*Redis operator/,
      );
    });
    it("allows a target that only a pattern covers, because the declaration is an exact name, and refuses an owned one", () => {
      const clusterManaged = [
        { pattern: "keycloak-*admin*", authority: "helm" },
        { name: "keycloak-bootstrap-admin", authority: "helm" },
      ];
      const one = { externalSecret: "one", authority: "service", producer: "p", keys: { A: "svc" } };
      assert.deepEqual(reported({ clusterManaged, inClusterDeliveries: { "keycloak-admin-sa": one } }), []);
      assert.deepEqual(reported({ clusterManaged, inClusterDeliveries: { "keycloak-bootstrap-admin": one } }), [
        "catalogue-target-owned inClusterDeliveries.keycloak-bootstrap-admin: the target keycloak-bootstrap-admin belongs to helm",
      ]);
    });
    it("refuses two with one ExternalSecret", () => {
      const one = { externalSecret: "same", authority: "service", producer: "p", keys: { A: "svc" } };
      assert.deepEqual(
        reported({ clusterManaged: [{ name: "svc", authority: "service" }], inClusterDeliveries: { one, two: one } }),
        ["catalogue-external-secret-twice inClusterDeliveries.two: the ExternalSecret same creates both one and two"],
      );
    });
  });

  describe("retired", () => {
    it("refuses a retired name that is in use", () => {
      assert.deepEqual(reported({ secrets: { token }, retired: { TOKEN: { since: "2025-12-05" } } }), [
        "catalogue-retired-in-use retired.TOKEN: TOKEN is retired, but also a name of token",
      ]);
    });
    it("refuses one with an unknown replacement", () => {
      assert.deepEqual(reported({ retired: { old: { since: "2025-12-05", use: "gone" } } }), [
        "catalogue-retired-use-unknown retired.old.use: old says to use gone, which is not in the catalogue",
      ]);
    });
  });
});
