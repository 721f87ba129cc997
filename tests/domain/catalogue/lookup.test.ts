import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  classify,
  classifyKeyVaultName,
  patternExpression,
  type Classification,
} from "../../../domain/catalogue/lookup.ts";
import { catalogueSchema } from "../../../domain/catalogue/catalogue.ts";
import { catalogueOf } from "../../support/catalogues.ts";
import { readCatalogue } from "../../../environments/catalogue.ts";

const real = readCatalogue();

/** Kind, authority and entry: what most callers decide by. */
function brief(found: Classification): string {
  return found.kind === "unknown" ? "unknown" : `${found.kind} ${found.authority ?? "-"} ${found.entry} (${found.by})`;
}

describe("classify", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["GHCR_TOKEN", "secret external ghcr-token (name)"],
    ["ghcr.token", "secret external ghcr-token (name)"],
    ["ghcr-user", "secret external ghcr-username (alias)"],
    ["coder-github-oauth-client-secret", "secret external coder-github-oauth-client-secret (name)"],
    ["www-ameide-platform-auth-secret", "secret generated www-ameide-platform-auth-secret (name)"],
    ["database-ssl", "setting - database-ssl (name)"],
    ["NEXT_PUBLIC_SITE", "setting - NEXT_PUBLIC_* (pattern)"],
    ["NEXT_PUBLIC_DB_URL", "cluster-managed cnpg *-db-url (pattern)"],
    ["PLATFORM_DB_CREDENTIALS", "cluster-managed cnpg platform-db-credentials (name)"],
    ["billing-db-credentials", "cluster-managed cnpg *-db-credentials (pattern)"],
    ["AUTH_KEYCLOAK_SECRET", "cluster-managed keycloak platform-app-client-secret (alias)"],
    ["platform-app-acme-client-secret", "cluster-managed keycloak platform-app*-client-secret (pattern)"],
    ["keycloak-admin-sa-token", "cluster-managed keycloak keycloak-admin-sa-* (pattern)"],
    ["keycloak-realm-admin", "cluster-managed helm keycloak-*admin* (pattern)"],
    ["gitlab/tokens/dev/backstage", "cluster-managed service gitlab/tokens/dev/backstage (name)"],
    ["gitlab/tokens/dev/other", "cluster-managed service gitlab/tokens/* (pattern)"],
    ["BACKSTAGE_GITLAB_TOKEN", "cluster-managed service gitlab-token (alias)"],
    ["vault-auto-credentials", "cluster-managed bootstrap vault-auto-credentials (name)"],
    ["ghcr-pull", "delivery external ghcr-pull (name)"],
    ["ghcr-pull-sync", "delivery external ghcr-pull (name)"],
    ["platform-app-master-client", "in-cluster-delivery keycloak platform-app-master-client (name)"],
    ["env-ghcr-token", "retired - env-* (pattern)"],
    ["stripe-webhook", "unknown"],
  ];
  for (const [name, expected] of cases) {
    it(`classifies ${name}`, () => assert.equal(brief(classify(real, name)), expected));
  }

  it("ignores case, and treats _ and . like -", () => {
    const names = Object.keys(real.secrets);
    const spelling = fc.array(fc.tuple(fc.boolean(), fc.constantFrom("-", "_", ".")), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...names), spelling, (name, choices) => {
        const spelt = name
          .split("")
          .map((character, at) => {
            const [upper, hyphen] = choices[at % choices.length] ?? [false, "-"];
            if (character === "-") return hyphen;
            return upper ? character.toUpperCase() : character;
          })
          .join("");
        assert.deepEqual(classify(real, spelt), classify(real, name));
      }),
    );
  });

  it("prefers an exact name to every pattern", () => {
    const catalogue = catalogueSchema.parse({
      secrets: { "a-db-url": { authority: "external", env: "A_DB_URL" } },
      clusterManaged: [
        { pattern: "*-db-url", authority: "cnpg" },
        { pattern: "*", authority: "tls" },
      ],
      deliveries: {},
      settings: [],
      retired: {},
      fixtures: { values: [], placeholders: [] },
    });
    assert.equal(brief(classify(catalogue, "A_DB_URL")), "secret external a-db-url (name)");
    assert.equal(brief(classify(catalogue, "B_DB_URL")), "cluster-managed cnpg *-db-url (pattern)");
  });

  it("finds a secret by its variable, Key Vault name and Vault path if they differ from its name", () => {
    const catalogue = catalogueOf({
      secrets: {
        token: { authority: "external", env: "REGISTRY_PASSWORD", keyVault: "registry-kv", vault: "registry/token" },
        made: { authority: "generated", vault: "app/made" },
      },
    });
    for (const name of ["token", "REGISTRY_PASSWORD", "registry-kv", "registry/token"]) {
      assert.equal(brief(classify(catalogue, name)), "secret external token (name)");
    }
    assert.equal(brief(classify(catalogue, "app/made")), "secret generated made (name)");
  });

  it("finds the Vault key of a Keycloak client that nothing else declares", () => {
    const catalogue = catalogueOf({ keycloakClients: [{ clientId: "shop", vaultKey: "shop-key" }] });
    const found = classify(catalogue, "SHOP_KEY");
    assert.equal(brief(found), "cluster-managed keycloak shop-key (name)");
    assert.match(found.kind === "cluster-managed" ? (found.reason ?? "") : "", /Keycloak client shop/);
  });

  it("finds a retired name without a pattern", () => {
    assert.equal(brief(classify(real, "AZURE_AUTH")), "retired - azure-auth (name)");
  });

  it("does not allow a secret by a setting's pattern", () => {
    const catalogue = catalogueSchema.parse({
      secrets: {},
      deliveries: {},
      retired: {},
      fixtures: { values: [], placeholders: [] },
      settings: ["*-url-of-some-very-long-name-*", "*"],
      clusterManaged: [{ pattern: "*-db-*", authority: "cnpg" }],
    });
    assert.equal(classify(catalogue, "a-db-url-of-some-very-long-name-x").authority, "cnpg");
    assert.equal(classify(catalogue, "else").kind, "setting");
  });

  it("suggests the nearest known name for an unknown one", () => {
    const found = classify(real, "ANTROPIC_API_KEY");
    assert.equal(found.kind === "unknown" ? found.nearest : "", "anthropic-api-key");
  });

  it("names the replacement of a retired name, also for a pattern", () => {
    const found = classify(real, "ENV_OPENAI_API_KEY");
    assert.equal(found.kind === "retired" ? found.use : "", "openai-api-key");
  });

  it("gives owner, reason and reference", () => {
    const found = classify(real, "langfuse-secret-key");
    assert.ok(found.kind === "secret");
    assert.deepEqual([found.owner, found.see], ["inference", "451"]);
    assert.match(found.reason ?? "", /Langfuse/);
  });
});

describe("classifyKeyVaultName", () => {
  const of = (name: string, prefix: string | undefined): string => brief(classifyKeyVaultName(real, name, prefix));
  it("removes the prefix: not set, empty and set", () => {
    const token = "secret external ghcr-token (name)";
    assert.deepEqual(
      [of("env-ghcr-token", undefined), of("ghcr-token", ""), of("CI-ghcr-token", "ci-")],
      [token, token, token],
    );
  });
  it("reports a name with the old prefix as retired if there is none", () => {
    assert.equal(of("env-ghcr-token", ""), "retired - env-* (pattern)");
  });
  it("finds a cluster-managed name behind any prefix", () => {
    const redis = "cluster-managed redis redis-auth (name)";
    assert.deepEqual(
      [of("env-redis-auth", undefined), of("redis-auth", undefined), of("redis-auth", "redis-")],
      [redis, redis, redis],
    );
  });
  it("reports a name as unknown if it is unknown with and without the prefix", () =>
    assert.equal(of("ci-stripe", "ci-"), "unknown"));
});

describe("patternExpression", () => {
  it("treats only * as special", () => {
    assert.equal(patternExpression("a.b*").test("a-bc"), true); // . is - in a normalised name
    assert.equal(patternExpression("a+b").test("aab"), false);
    assert.equal(patternExpression("a*").test("ba"), false);
  });
});
