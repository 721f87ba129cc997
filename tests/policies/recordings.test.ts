import assert from "node:assert/strict";
import { readCatalogue } from "../../environments/catalogue.ts";
import { policiesOf } from "../../policies/pack/policies.ts";
import { isStackRule } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { kindOfToken } from "../../policies/subject/kinds.ts";
import { SdkPack, type Answered, type SentResource } from "../support/pack.ts";
import { readRecordings, type Exchange } from "../support/recordings.ts";
import { changed, type Path } from "./examples/example.ts";

const input = { catalogue: readCatalogue(), exemptions: [], today: "2026-11-24", isPreview: true };
const pack = new SdkPack(policiesOf(rules, input));
const exchanges = readRecordings();
const checks = exchanges.filter(({ method }) => method === "Check" || method === "CheckConfig");

/** What the engine shows the pack: it keeps outermost keys that begin with `__` to itself. */
function shown({ type, name, request }: Exchange, properties: unknown): SentResource {
  const inputs = Object.fromEntries(Object.entries(properties as object).filter(([key]) => !key.startsWith("__")));
  return { type, name, urn: String(request["urn"]), inputs, protect: true };
}

function texts(reported: readonly Answered[]): readonly string[] {
  return reported.map(({ policy, message }) => `${policy}: ${message}`);
}

/** What would stop an update; a preview only advises where a verdict waits for a value. */
function stopping(reported: readonly Answered[]): readonly string[] {
  return texts(reported.filter(({ level }) => level === "mandatory"));
}

const offline = checks.filter(({ run }) => run === "prod-preview-offline");
const stack = offline.map((one) => shown(one, one.response["inputs"]));

const credential = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
const pod = ["spec", "jobTemplate", "spec", "template"] as const;
const container = [...pod, "spec", "containers", 0] as const;
const login = ["spec", "provider", "vault", "auth", "kubernetes", "serviceAccountRef"] as const;
const external = "kubernetes:external-secrets.io/v1:ExternalSecret";
const store = "kubernetes:external-secrets.io/v1:SecretStore";
const cronJob = "kubernetes:batch/v1:CronJob";
const kubernetesRole = "kubernetes:rbac.authorization.k8s.io/v1:Role";
const configMap = "kubernetes:core/v1:ConfigMap";
const role = "vault:kubernetes/authBackendRole:AuthBackendRole";
const authConfig = "vault:kubernetes/authBackendConfig:AuthBackendConfig";
const policy = "vault:index/policy:Policy";

/** What is changed in the inputs that a real provider checked, and the rule that must find it. */
const mutations: Readonly<Record<string, readonly [type: string, ...changes: (readonly [Path, unknown])[]]>> = {
  "authority-cluster-managed": [external, [["spec", "data", 0, "remoteRef", "key"], "redis-auth"]],
  "authority-not-in-catalogue": [external, [["spec", "data", 0, "remoteRef", "key"], "nobody-knows"]],
  "authority-retired": [external, [["spec", "data", 0, "remoteRef", "key"], "env-ghcr-token"]],
  "authority-undeclared-delivery": [external, [["spec", "data", 0, "remoteRef", "key"], "grafana-oidc-client-secret"]],
  "authority-declared-target": [external, [["metadata", "name"], "another-sync"]],
  "authority-duplicate-target": [external, [["metadata", "name"], "another-sync"]],
  "secretness-config-map": [configMap, [["data", "password"], credential]],
  "secretness-template-literal": [external, [["spec", "target", "template", "data", "password"], credential]],
  "secretness-workload": [cronJob, [[...container, "args"], [`--password=${credential}`]]],
  "placeholder-fixture": [configMap, [["data", "key"], "minioadmin"]],
  "placeholder-marker": [configMap, [["data", "key"], "CHANGEME"]],
  "placeholder-unrendered": [external, [["spec", "target", "template", "data", "key"], "{{ .Values.x }}"]],
  "identity-client-id-literal": [
    "kubernetes:core/v1:ServiceAccount",
    [["metadata", "annotations", "azure.workload.identity/client-id"], "44444444-4444-4444-8444-000000000001"],
  ],
  "vault-auth-config": [authConfig, [["kubernetesCaCert"], "a CA"]],
  "vault-auto-credentials": [configMap, [["data", "config.json"], '{"credentialsSecret":"x","initialise":true}']],
  "vault-mount-cas": ["vault:kv/secretBackendV2:SecretBackendV2", [["casRequired"], true]],
  "vault-provider-token": ["pulumi:providers:vault", [["token"], "a token"]],
  "vault-reviewer-token": [authConfig, [["tokenReviewerJwt"], "a token"]],
  "vault-role-account": [role, [["boundServiceAccountNames"], ["default"]]],
  "vault-role-ttl": [role, [["tokenMaxTtl"], 0]],
  "vault-patcher-coverage": [policy, [["name"], "keycloak-client-patcher"]],
  "vault-policy-wildcard": [policy, [["policy"], 'path "secret/data/*" { capabilities = ["read"] }']],
  "vault-policy-kv-path": [policy, [["policy"], 'path "secret/ghcr-token" { capabilities = ["read"] }']],
  "store-role-covers": [store, [["spec", "provider", "vault", "auth", "kubernetes", "role"], "another"]],
  "vault-role-audience": [role, [["audience"], "vault"]],
  "store-vault-engine": [store, [["spec", "provider", "vault", "version"], "v1"]],
  "store-borrowed-account": [
    store,
    [["spec", "provider", "azurekv"], { serviceAccountRef: { name: "foundation-vault-bootstrap-vault-bootstrap" } }],
  ],
  "store-account": [store, [[...login, "name"], "default"]],
  "store-for-namespace": [external, [["spec", "secretStoreRef", "name"], "another"]],
  "store-provider": [store, [["spec", "provider", "azurekv"], {}]],
  "store-pull-secret": [store, [["metadata", "namespace"], "without-pull-secret"]],
  "store-same-environment": [
    store,
    [["spec", "provider", "vault", "server"], "http://vault-core-dev.ameide-dev.svc.cluster.local:8200"],
  ],
  "delivery-api-version": [external, [["apiVersion"], "external-secrets.io/v1beta1"]],
  "delivery-docker-config": [
    external,
    [["spec", "target", "template"], { type: "kubernetes.io/dockerconfigjson", data: null }],
  ],
  "delivery-find": [external, [["spec", "dataFrom"], [{ extract: null, find: { path: "x" } }]]],
  "delivery-target-kind": [external, [["spec", "target", "manifest"], { apiVersion: "v1", kind: "ConfigMap" }]],
  "delivery-template-keys": [external, [["spec", "target", "template"], { data: { url: "{{ .a-b }}" } }]],
  "delivery-merge": [external, [["spec", "target", "template"], { data: { url: "https://x" } }]],
  "delivery-policies": [external, [["spec", "target", "deletionPolicy"], ""]],
  "delivery-property": [external, [["spec", "data", 0, "remoteRef", "property"], ""]],
  "delivery-refresh": [external, [["spec", "refreshInterval"], ""]],
  "delivery-refresh-rotated": [
    external,
    [["spec", "data", 0, "remoteRef", "key"], "grafana-oidc-client-secret"],
    [["spec", "refreshInterval"], "1h"],
  ],
  "bootstrap-concurrency": [cronJob, [["spec", "concurrencyPolicy"], ""]],
  "bootstrap-delivery-rights": [
    kubernetesRole,
    [["rules"], [{ apiGroups: ["*"], resources: ["*"], verbs: ["patch"] }]],
  ],
  "bootstrap-deadline": [cronJob, [["spec", "jobTemplate", "spec", "activeDeadlineSeconds"], null]],
  "bootstrap-download": [cronJob, [[...container, "args"], ["apk add curl"]]],
  "bootstrap-identity-token": [cronJob, [[...pod, "spec", "volumes"], []], [[...pod, "metadata", "labels"], null]],
  "bootstrap-image": [cronJob, [[...container, "image"], ""]],
  "bootstrap-non-root": [cronJob, [[...container, "securityContext", "allowPrivilegeEscalation"], null]],
  "bootstrap-prefix-default": [configMap, [["data", "run.sh"], "echo ${SECRET_PREFIX:-env-}"]],
  "bootstrap-read-only-root": [cronJob, [[...container, "securityContext", "readOnlyRootFilesystem"], false]],
};

/** Rules that a change of one recorded input cannot break. */
const elsewhere: Readonly<Record<string, string>> = {
  "authority-copied-value": "judges where an input comes from, which no provider sees",
  "authority-maker-target": "needs an object whose operator creates Secrets, which the program never registers",
  "authority-mirror-read": "needs a PushSecret, which the program never registers",
  "lifecycle-protect": "judges the option `protect`, which no provider sees",
};

describe("the pack, on the real providers' results for this program's inputs", () => {
  it("finds nothing in any checked input", async () => {
    assert.ok(checks.length > 200, "the recordings were read");
    const all: string[] = [];
    for (const one of checks) {
      const reported = await pack.analyze(shown(one, one.response["inputs"]));
      all.push(...stopping(reported).map((text) => `${one.run}: ${text}`));
    }
    assert.deepEqual(all, []);
  });
  for (const run of ["local-preview-empty", "dev-preview-empty"]) {
    it(`finds nothing in the outputs of the whole stack (${run})`, async () => {
      const created = exchanges.filter((one) => one.run === run && one.method === "Create");
      assert.ok(created.length > 20, "the recordings were read");
      const outputs = created.map((one) => shown(one, one.response["properties"]));
      assert.deepEqual(stopping(await pack.analyzeStack(outputs)), []);
    });
  }
  it("finds nothing in the checked inputs of a whole stack", async () =>
    assert.deepEqual(stopping(await pack.analyzeStack(stack)), []));
  it("covers every rule that checks one of them", () => {
    const kinds = new Set(checks.map(({ type }) => kindOfToken(type)));
    const apply = rules.filter((rule) => rule.kinds.some((kind) => kinds.has(kind))).map(({ id }) => id);
    assert.deepEqual([...Object.keys(mutations), ...Object.keys(elsewhere)].toSorted(), apply.toSorted());
  });

  for (const [id, [type, ...changes]] of Object.entries(mutations)) {
    it(`finds a changed ${changes.map(([path]) => path.join(".")).join(" and ")}, by ${id}`, async () => {
      const rule = rules.find((one) => one.id === id);
      const index = stack.findIndex((one) => one.type === type);
      const one = stack[index];
      assert.ok(rule !== undefined && one !== undefined, `no ${type} was recorded`);
      const { props } = changed({ type, props: one.inputs }, ...changes);
      const mutant: SentResource = { ...one, inputs: props };
      const own = new SdkPack(policiesOf([rule], input));
      const judge = (resource: SentResource): Promise<readonly Answered[]> =>
        isStackRule(rule) ? own.analyzeStack([one, ...stack.with(index, resource)]) : own.analyze(resource);
      const before = new Set(texts(await judge(one)));
      const added = (await judge(mutant)).filter((reported) => !texts([reported]).some((text) => before.has(text)));
      assert.ok(added.some(({ policy, message }) => policy === id && !message.includes("undecided: ")));
    });
  }
});
