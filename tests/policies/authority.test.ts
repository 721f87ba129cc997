import assert from "node:assert/strict";
import { parse } from "yaml";
import { catalogueSchema } from "../../domain/catalogue/catalogue.ts";
import { classifyKey } from "../../policies/authority-verdicts.ts";
import { changed, type Path, type Sample } from "./examples/example.ts";
import { configMap, declaredDelivery, externalSecret, keyVaultSecret, pushSecret } from "./examples/samples.ts";
import { isStackRule, type Violation } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { subjectsOfResource } from "../../policies/subject/from-resource.ts";
import { formatPath } from "../../policies/subject/reading.ts";
import { onlyRead } from "../../policies/subject/subject.ts";
import { contextIn, policyCatalogue, ruleOf, subjectsOf, violationsOf } from "../support/policy.ts";

/** Ids of the authority rules that refuse a sample. */
function refusedBy(sample: Sample): readonly string[] {
  const subjects = subjectsOf(sample, "sample");
  return rules.flatMap((rule) => {
    if (isStackRule(rule) || !rule.id.startsWith("authority-")) return [];
    return violationsOf(rule, subjects, contextIn()).length > 0 ? [rule.id] : [];
  });
}

function violations(sample: Sample): readonly Violation[] {
  return subjectsOf(sample, "sample").flatMap((subject) =>
    rules.flatMap((rule) => {
      if (isStackRule(rule) || !rule.id.startsWith("authority-")) return [];
      return violationsOf(rule, [subject], contextIn());
    }),
  );
}

const fixes = (sample: Sample): readonly (string | undefined)[] => violations(sample).map(({ fix }) => fix);
const paths = (sample: Sample): readonly string[] => violations(sample).map(({ path = [] }) => formatPath(path));

const key: Path = ["spec", "data", 0, "remoteRef", "key"];
const reading = (name: string): Sample => changed(externalSecret, [key, name]);
const making = (name: string): Sample => changed(externalSecret, [["spec", "target", "name"], name]);
const storing = (name: string): Sample => changed(keyVaultSecret, [["secretName"], name]);
const writing = (type: string, props: Readonly<Record<string, unknown>>): Sample => ({ type, props });

describe("authority rules", () => {
  for (const name of [
    "postgres-ameide-auth",
    "platform-db-credentials",
    "platform-app-master-client",
    "minio-root-credentials",
    "grafana-admin-credentials",
  ]) {
    it(`refuse ${name} of document 451 in every place`, () => {
      const writers = [storing(name), making(name)];
      assert.deepEqual(
        writers.map((sample) => refusedBy(sample).length > 0),
        [true, true],
      );
      assert.notDeepEqual(refusedBy(reading(name)), []);
    });
  }

  for (const name of [
    "PLATFORM_DB_CREDENTIALS",
    "platform_db_credentials",
    "Platform.Db.Credentials",
    "secret/data/platform-db-credentials",
    "secret/platform-db-credentials",
    "/platform-db-credentials/",
    "ameide/dev/platform-db-credentials",
  ]) {
    it(`refuse "${name}", whatever its case, separators and path prefix`, () =>
      assert.deepEqual(refusedBy(reading(name)), ["authority-cluster-managed"]));
  }

  it("classify a known path as a whole, whatever its last part is", () => {
    const outside = { authority: "external" as const, env: "OUTSIDE", vault: "outside/redis-auth" };
    const catalogue = { ...policyCatalogue, secrets: { ...policyCatalogue.secrets, outside } };
    assert.equal(classifyKey(catalogue, "secret/data/outside/redis-auth").authority, "external");
  });
  it("do not treat an external name below an unknown path as the secret itself", () =>
    assert.deepEqual(refusedBy(reading("ameide/dev/ghcr-token")), ["authority-not-in-catalogue"]));
  it("refuse an unknown path as a whole, whatever its last part is", () =>
    assert.deepEqual(refusedBy(reading("ameide/dev/who-knows")), ["authority-not-in-catalogue"]));
  it("allow an external Key Vault name with the prefix before it, and fail an unknown one", () =>
    assert.deepEqual(
      [refusedBy(storing("env-openai-api-key")), refusedBy(storing("env-who-knows"))],
      [[], ["authority-not-in-catalogue"]],
    ));
  for (const [path, isEntry] of [
    ["team/new-thing", true],
    ["2fa/Seed_1", true],
    ["data/new/thing", false],
    ["team/..hidden", false],
    [`team/${"x".repeat(250)}`, false],
  ] as const) {
    it(`print for ${path.slice(0, 20)} an entry that the catalogue accepts, or to rename it`, () => {
      const [fix = ""] = fixes(reading(path));
      const entry = /catalogue\.yaml: ([^:]+: \{.*?\});/.exec(fix)?.[1];
      assert.equal(entry !== undefined, isEntry, fix);
      if (entry === undefined) assert.match(fix, /^rename it in Vault/);
      else assert.doesNotThrow(() => catalogueSchema.parse({ ...policyCatalogue, secrets: parse(entry) as unknown }));
    });
  }
  it("name the replacement of a retired name, and the place of a target", () => {
    assert.deepEqual(fixes(storing("env-ghcr-token")), ['use "ghcr-token"']);
    assert.deepEqual(fixes(storing("old-token")), ["remove it"]);
    assert.deepEqual(paths(making("redis-auth")), ["spec.target.name"]);
    assert.deepEqual(
      paths(changed(externalSecret, [["metadata", "name"], "redis-auth"], [["spec", "target"], undefined])),
      ["metadata.name"],
    );
    assert.deepEqual(paths(writing("vault:kv/secret:Secret", { path: "secret/redis-auth" })), ["path"]);
    assert.deepEqual(paths(writing("vault:kv/secretV2:SecretV2", { name: "redis-auth" })), ["name"]);
  });
  it("refuse an alias like the name itself", () =>
    assert.deepEqual(refusedBy(storing("minio-root-password")), ["authority-cluster-managed"]));
  it("refuse a Key Vault name with the prefix before it", () =>
    assert.deepEqual(refusedBy(storing("env-platform-db-credentials")), ["authority-cluster-managed"]));
  it("allow an external name with an ending like Keycloak's", () =>
    assert.deepEqual(refusedBy(storing("coder-github-oauth-client-secret")), []));
  it("refuse a setting as a secret, and say where it belongs", () =>
    assert.deepEqual(refusedBy(storing("database-ssl")), ["authority-not-in-catalogue"]));
  it("refuse the bootstrap's own credentials", () =>
    assert.deepEqual(refusedBy(reading("vault-auto-credentials")), ["authority-cluster-managed"]));
  it("refuse a service's token in Key Vault, which mints it in the cluster", () =>
    assert.deepEqual(refusedBy(storing("backstage-gitlab-token")), ["authority-cluster-managed"]));

  it("refuse what dataFrom extracts", () =>
    assert.deepEqual(
      refusedBy(changed(externalSecret, [["spec", "dataFrom"], [{ extract: { key: "platform-db-credentials" } }]])),
      ["authority-cluster-managed"],
    ));
  for (const beside of [
    { find: { name: { regexp: ".*" } } },
    { sourceRef: { generatorRef: { kind: "UUID", name: "a" } } },
  ]) {
    it(`refuse what dataFrom extracts next to ${Object.keys(beside).join()}`, () =>
      assert.deepEqual(
        refusedBy(
          changed(externalSecret, [["spec", "dataFrom"], [{ extract: { key: "platform-db-credentials" }, ...beside }]]),
        ),
        ["authority-cluster-managed"],
      ));
  }
  it("allow a template with text from a ConfigMap", () =>
    assert.deepEqual(
      refusedBy(
        changed(externalSecret, [
          ["spec", "target", "template"],
          { templateFrom: [{ configMap: { name: "langfuse-template", items: [{ key: "config.yaml" }] } }] },
        ]),
      ),
      [],
    ));
  it("refuse a template that copies the Secret of a delivery with a generated secret in it", () => {
    const catalogue = catalogueSchema.parse({
      ...policyCatalogue,
      deliveries: { "plausible-cookie": { keys: { COOKIE: "plausible-oauth-cookie-secret" } } },
    });
    assert.equal(classifyKey(catalogue, "plausible-cookie").authority, "generated");
  });
  for (const [name, rule] of [
    ["vault-auto-credentials", "authority-cluster-managed"],
    ["ghcr-pull", "authority-wrong-writer"],
    ["nobody-knows-it", "authority-not-in-catalogue"],
  ] as const) {
    it(`refuse a PushSecret that pushes ${name} under the name of a database's secret`, () =>
      assert.deepEqual(refusedBy(changed(pushSecret, [["spec", "selector", "secret", "name"], name])), [rule]));
    it(`refuse a PushSecret whose template takes from ${name}`, () =>
      assert.deepEqual(
        refusedBy(
          changed(pushSecret, [
            ["spec", "template"],
            { templateFrom: [{ secret: { name, items: [{ key: "root-token" }] } }] },
          ]),
        ),
        [rule],
      ));
  }
  for (const selector of [
    { secret: { selector: { matchLabels: { a: "b" } } } },
    { generatorRef: { kind: "Password", name: "a" } },
  ]) {
    it(`refuse a PushSecret that selects by ${JSON.stringify(selector)}`, () =>
      assert.deepEqual(refusedBy(changed(pushSecret, [["spec", "selector"], selector])), ["authority-push-all"]));
  }
  it("allow another ExternalSecret to write a target of that name in a namespace without a delivery", () =>
    assert.deepEqual(
      refusedBy(
        changed(externalSecret, [["metadata", "name"], "my-own-sync"], [["metadata", "namespace"], "elsewhere"]),
      ),
      [],
    ));
  it("refuse another ExternalSecret that writes a pull secret, in any namespace", () =>
    assert.deepEqual(
      refusedBy(
        changed(
          externalSecret,
          [["metadata", "namespace"], "argocd"],
          [["spec", "target"], { name: "ghcr-pull", creationPolicy: "Merge" }],
        ),
      ),
      ["authority-declared-target"],
    ));
  it("refuse what a template copies from another Secret", () =>
    assert.deepEqual(
      refusedBy(
        changed(externalSecret, [
          ["spec", "target", "template"],
          { templateFrom: [{ secret: { name: "redis-auth", items: [{ key: "REDIS_PASSWORD" }] } }] },
        ]),
      ),
      ["authority-cluster-managed"],
    ));
  it("refuse a target that is named by the ExternalSecret's own name", () =>
    assert.deepEqual(
      refusedBy(changed(externalSecret, [["metadata", "name"], "redis-auth"], [["spec", "target"], undefined])),
      ["authority-cluster-managed"],
    ));
  it("refuse a ClusterExternalSecret like an ExternalSecret", () =>
    assert.deepEqual(
      refusedBy({
        type: "kubernetes:external-secrets.io/v1:ClusterExternalSecret",
        props: {
          metadata: { name: "langfuse-secrets-sync" },
          spec: { externalSecretSpec: reading("redis-auth")["props" as never]["spec"] },
        },
      }),
      ["authority-cluster-managed"],
    ));
  it("refuse a target by externalSecretName of a ClusterExternalSecret, or by its own name", () => {
    const { spec } = changed(externalSecret, [["spec", "target"], undefined]).props as { readonly spec: object };
    const everywhere = (name: string, more: object = {}): Sample => ({
      type: "kubernetes:external-secrets.io/v1:ClusterExternalSecret",
      props: { metadata: { name }, spec: { externalSecretSpec: spec, ...more } },
    });
    assert.deepEqual(refusedBy(everywhere("x", { externalSecretName: "redis-auth" })), ["authority-cluster-managed"]);
    assert.deepEqual(refusedBy(everywhere("redis-auth", { externalSecretName: "x" })), []);
    assert.deepEqual(refusedBy(everywhere("redis-auth")), ["authority-cluster-managed"]);
  });
  it("refuse an item of a list", () =>
    assert.deepEqual(
      refusedBy({
        type: "kubernetes:external-secrets.io/v1:ExternalSecretList",
        props: { items: [externalSecret.props, reading("redis-auth")["props" as never]] },
      }),
      ["authority-cluster-managed"],
    ));
  it("refuse an item of a List in YAML", () => {
    const { props } = making("redis-auth") as { props: Record<string, unknown> };
    assert.deepEqual(refusedBy({ document: { apiVersion: "v1", kind: "List", items: [props] } }), [
      "authority-cluster-managed",
    ]);
  });
  it("refuse a versioned type of azure-native like the plain one", () =>
    assert.deepEqual(
      refusedBy(writing("azure-native:keyvault/v20240401preview:Secret", { secretName: "redis-auth" })),
      ["authority-cluster-managed"],
    ));
  it("refuse a patch of server-side apply", () =>
    assert.deepEqual(
      refusedBy(
        writing(
          "kubernetes:external-secrets.io/v1:ExternalSecretPatch",
          (making("redis-auth") as { props: Record<string, unknown> }).props,
        ),
      ),
      ["authority-cluster-managed"],
    ));

  for (const [type, props] of [
    ["vault:kv/secretV2:SecretV2", { mount: "secret", name: "ghcr-token" }],
    ["vault:kv/secret:Secret", { path: "secret/ghcr-token" }],
    ["vault:generic/secret:Secret", { path: "secret/data/ghcr-token" }],
    ["vault:generic/endpoint:Endpoint", { path: "secret/data/ghcr-token" }],
  ] as const) {
    it(`refuse ${type}, which bypasses the bootstrap`, () =>
      assert.deepEqual(refusedBy(writing(type, props)), ["authority-wrong-writer"]));
  }
  it("allow a write to Vault's own configuration, which is not a secret of the pipeline", () =>
    assert.deepEqual(refusedBy(writing("vault:generic/endpoint:Endpoint", { path: "auth/kubernetes/role/x" })), []));

  it("allow exactly the delivery that the catalogue declares", () => assert.deepEqual(refusedBy(declaredDelivery), []));
  for (const [what, path, value] of [
    ["another ExternalSecret", ["metadata", "name"], "my-own-sync"],
    ["another namespace", ["metadata", "namespace"], "argocd"],
    ["another key in the target", ["spec", "data", 0, "secretKey"], "password"],
  ] as const) {
    it(`refuse the declared delivery by ${what}`, () =>
      assert.ok(refusedBy(changed(declaredDelivery, [path, value])).includes("authority-undeclared-delivery")));
  }
  it("allow a mirror of what CNPG owns", () => assert.deepEqual(refusedBy(pushSecret), []));
  for (const dataTo of [{ match: { regexp: "^PASS" } }, { remoteKey: "platform-db-credentials" }]) {
    it(`refuse a mirror by dataTo with ${JSON.stringify(dataTo)}, also next to named keys`, () => {
      const { spec } = changed(pushSecret, [["spec", "dataTo"], [{ storeRef: { name: "ameide-vault" }, ...dataTo }]])
        .props as { readonly spec: object };
      const everywhere = writing("kubernetes:external-secrets.io/v1alpha1:ClusterPushSecret", {
        apiVersion: "external-secrets.io/v1alpha1",
        kind: "ClusterPushSecret",
        metadata: { name: "mirrors" },
        spec: { pushSecretSpec: spec },
      });
      assert.deepEqual(refusedBy(everywhere), ["authority-push-all"]);
      assert.deepEqual(paths(everywhere), ["spec.pushSecretSpec.dataTo[0]"]);
    });
  }
  it("refuse a mirror of what Keycloak owns, which its client-patcher writes", () =>
    assert.deepEqual(
      refusedBy(
        changed(pushSecret, [["spec", "data", 0, "match", "remoteRef", "remoteKey"], "grafana-oidc-client-secret"]),
      ),
      ["authority-cluster-managed"],
    ));

  it("read a name of Key Vault with the prefix, and a path of Vault as it is written", () => {
    const operator = (apiVersion: string, kind: string, spec: object): Sample => ({
      document: { apiVersion, kind, metadata: { name: "x", namespace: "ameide-prod" }, spec },
    });
    const name = "env-redis-auth";
    const inKeyVault = { vault: { name: "ameidekv", object: { name } }, output: { secret: { name: "x" } } };
    const inVault = { path: name, destination: { name: "x" } };
    assert.deepEqual(refusedBy(operator("spv.no/v1", "AzureKeyVaultSecret", inKeyVault)), [
      "authority-cluster-managed",
    ]);
    assert.deepEqual(refusedBy(operator("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", inVault)), [
      "authority-not-in-catalogue",
    ]);
  });
  it("refuse a value that another stack hands over only where it is stored as a secret", () => {
    const inputsFrom = new Map(["properties", "data"].map((input) => [input, [onlyRead]] as const));
    const found = ({ type, props }: typeof configMap) =>
      violationsOf(
        ruleOf("authority-copied-value"),
        subjectsOfResource({ type, name: "x", urn: "x", props, options: { protect: true, inputsFrom } }),
        contextIn(),
      ).map(({ problem }) => problem);
    assert.match(found(keyVaultSecret).join(), /^comes from .*, and the engine does not say which$/);
    assert.deepEqual(found(configMap), []);
  });
});
