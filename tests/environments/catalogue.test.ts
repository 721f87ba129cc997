import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "dotenv";
import { cataloguePath, parseCatalogue, readCatalogue } from "../../environments/catalogue.ts";
import { externalSecretsOf } from "../../domain/catalogue/catalogue.ts";
import { classify } from "../../domain/catalogue/lookup.ts";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { isFixture, isPlaceholder } from "../../domain/catalogue/fixtures.ts";
import { repositoryRoot } from "../../environments/repository.ts";

const real = readCatalogue();
const text = readFileSync(cataloguePath, "utf8");

/** The findings in the catalogue with one thing changed. */
function reported(from: string, to: string): readonly string[] {
  assert.ok(text.includes(from), `the catalogue does not hold ${from}`);
  return parseCatalogue(text.replace(from, to), "c.yaml").findings.map(
    ({ where = "", problem }) => `${where}: ${problem}`,
  );
}

/** Line of the first text that holds `part`. */
function lineOf(part: string): number {
  return text.slice(0, text.indexOf(part)).split("\n").length;
}

describe("readCatalogue", () => {
  it("contains the five secrets of document 451 under their names", () => {
    const seed = {
      GHCR_TOKEN: "ghcr-token",
      GHCR_USERNAME: "ghcr-username",
      LANGFUSE_SECRET_KEY: "langfuse-secret-key",
      ANTHROPIC_API_KEY: "anthropic-api-key",
      OPENAI_API_KEY: "openai-api-key",
    };
    for (const [variable, name] of Object.entries(seed)) {
      const secret = real.secrets[name];
      assert.ok(secret?.authority === "external");
      assert.deepEqual([secret.env, secret.keyVault ?? name, secret.vault ?? name], [variable, name, name]);
    }
  });

  it("delivers them as document 451 does", () => {
    const pull = real.deliveries["ghcr-pull"];
    assert.deepEqual(
      [pull?.externalSecret, pull?.type, pull?.registry, pull?.username, pull?.password],
      ["ghcr-pull-sync", "kubernetes.io/dockerconfigjson", "ghcr.io", "ghcr-username", "ghcr-token"],
    );
    assert.deepEqual(real.deliveries["langfuse-secrets"]?.keys, { LANGFUSE_SECRET_KEY: "langfuse-secret-key" });
    assert.deepEqual(real.deliveries["inference-api-credentials"]?.keys, {
      ANTHROPIC_API_KEY: "anthropic-api-key",
      OPENAI_API_KEY: "openai-api-key",
    });
  });

  it("excludes what document 451 keeps out of Key Vault, each with its owner", () => {
    const excluded = {
      "postgres-ameide-auth": "cnpg",
      "any-db-credentials": "cnpg",
      "platform-app-master-client": "keycloak",
      "minio-root-credentials": "helm",
      "grafana-admin-credentials": "helm",
    };
    for (const [name, authority] of Object.entries(excluded)) assert.equal(classify(real, name).authority, authority);
  });

  it("requires the registry's credentials everywhere, as document 451 recommends", () => {
    for (const name of ["ghcr-token", "ghcr-username"]) {
      const secret = real.secrets[name];
      assert.deepEqual(secret?.authority === "external" && secret.required, ["dev", "staging", "prod", "local"]);
    }
  });

  it("gives every cluster-managed name and pattern a reference", () => {
    assert.deepEqual(
      real.clusterManaged.filter(({ see }) => see === undefined),
      [],
    );
  });

  it("gives every secret an owner", () => {
    assert.deepEqual(
      Object.entries(real.secrets).filter(([, { owner }]) => owner === undefined),
      [],
    );
  });

  it("contains the fixtures and placeholders that were found in use", () => {
    const fixtures = [
      "platform_client_secret",
      "www_ameide_platform_keycloak_secret",
      "C1tr0n3lla!",
      "lf_api_public",
      "lf_admin_password",
      "minioadmin",
      "dbpassword",
      "dbuser:dbpassword",
      "DisabledLoginOnly!",
      "admin@ameide.invalid",
      "TempAdminSecret2025!",
    ];
    assert.deepEqual(
      fixtures.filter((value) => !isFixture(value, real.fixtures)),
      [],
    );
    const placeholders = [
      "CHANGEME",
      "changeme",
      "REPLACE_ME",
      "__generate__",
      "keycloak_generated_placeholder",
      "placeholder_pgadmin_client_id",
      "placeholder_pgadmin_client_secret",
    ];
    assert.deepEqual(
      placeholders.filter((value) => !isPlaceholder(value, real.fixtures)),
      [],
    );
  });

  it("covers every Vault key of a declared Keycloak client with Keycloak's authority", () => {
    assert.deepEqual(
      real.keycloakClients.filter(({ vaultKey }) => classify(real, vaultKey).authority !== "keycloak"),
      [],
    );
  });

  it("has a sample in .env.example for everything that local requires or delivers, and nothing that it refuses", () => {
    const example = readFileSync(join(repositoryRoot, ".env.example"), "utf8");
    const input = { catalogue: real, environment: "local", secretPrefix: "" } as const;
    const { values, findings } = compileDotenv({
      ...input,
      files: [{ path: ".env.example", text: example, tracked: true }],
    });
    assert.deepEqual(findings, []);
    assert.ok(Object.values(parse(example)).every((value) => value.startsWith("sample-")));
    const delivered = Object.values(real.deliveries)
      .filter(({ madeBy }) => madeBy === undefined)
      .flatMap(({ keys = {}, username, password }) => [...Object.values(keys), username, password])
      .filter((name) => name !== undefined);
    const required = [...externalSecretsOf(real, "local")]
      .filter(([, { required: where = [] }]) => where.includes("local"))
      .map(([name]) => name);
    assert.deepEqual(
      [...new Set([...delivered, ...required])].filter((name) => !values.has(name)),
      [],
    );
  });

  it("reports every mistake of a catalogue at once", () => {
    const folder = mkdtempSync(join(tmpdir(), "ameide-secrets-catalogue-"));
    try {
      const path = join(folder, "catalogue.yaml");
      writeFileSync(
        path,
        text.replace("authority: cnpg", "authority: cnpgg").replace("since: 2025-12-05", "since: never"),
      );
      assert.throws(
        () => readCatalogue(path),
        /clusterManaged\[0\]\.authority is "cnpgg"[\s\S]*retired\.env-\*\.since is "never"/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("parseCatalogue", () => {
  it("refuses a misspelt key, with its line and the nearest key", () => {
    const { findings } = parseCatalogue(text.replace("    env: GHCR_TOKEN", "    evn: GHCR_TOKEN"), "c.yaml");
    const line = lineOf("    env: GHCR_TOKEN");
    assert.deepEqual(
      findings.map(({ where, subject }) => [where, subject]),
      [
        [`c.yaml:${lineOf("  ghcr-token:")}`, "secrets.ghcr-token.env"],
        [`c.yaml:${line}`, "secrets.ghcr-token.evn"],
      ],
    );
    assert.match(findings[1]?.fix ?? "", /^did you mean env\?; allowed: authority, env, /);
  });

  it("refuses an unknown authority, with the known ones", () => {
    const { findings } = parseCatalogue(text.replace("authority: redis", "authority: valkey"), "c.yaml");
    assert.deepEqual(
      [findings[0]?.where, findings[0]?.fix],
      [
        `c.yaml:${lineOf("authority: redis")}`,
        "use one of cnpg, redis, keycloak, helm, service, generated, tls, bootstrap",
      ],
    );
  });

  it("refuses a missing section", () => {
    const { findings } = parseCatalogue(
      "secrets: {}\nclusterManaged: []\ndeliveries: {}\nsettings: []\nretired: {}\n",
      "c.yaml",
    );
    assert.deepEqual(
      findings.map(({ problem }) => problem),
      ["fixtures is missing"],
    );
  });

  it("refuses invalid YAML with its line, also a duplicate key", () => {
    const { findings } = parseCatalogue("a: 1\nb: [1\n", "c.yaml");
    assert.equal(findings[0]?.code, "yaml-invalid");
    const withDuplicate = parseCatalogue(text.replace("  ghcr-username:", "  ghcr-token:"), "c.yaml").findings;
    assert.deepEqual(
      [withDuplicate[0]?.code, withDuplicate[0]?.where],
      ["yaml-invalid", `c.yaml:${lineOf("  ghcr-username:")}`],
    );
  });

  it("refuses a delivery of an unknown secret, of a cluster-managed one, and a name with two owners, each with its line", () => {
    const langfuse = `c.yaml:${lineOf("LANGFUSE_SECRET_KEY: langfuse-secret-key")}`;
    assert.deepEqual(reported("LANGFUSE_SECRET_KEY: langfuse-secret-key", "LANGFUSE_SECRET_KEY: langfuse-secret-kee"), [
      `${langfuse}: langfuse-secrets reads langfuse-secret-kee, which is not under secrets`,
    ]);
    assert.match(
      reported("LANGFUSE_SECRET_KEY: langfuse-secret-key", "LANGFUSE_SECRET_KEY: redis-auth")[0] ?? "",
      /langfuse-secrets reads redis-auth, which is redis/,
    );
    assert.match(
      reported("name: argocd-redis", "name: redis-auth")[0] ?? "",
      /redis-auth of redis-auth \(bootstrap, entry \d+\) is already a name of redis-auth \(redis/,
    );
  });

  it("refuses a delivery that is neither of keys nor a pull secret", () => {
    assert.match(reported("    registry: ghcr.io\n", "")[0] ?? "", /deliveries\.ghcr-pull is a map/);
  });
});
