import assert from "node:assert/strict";
import { openCluster, type Cluster } from "../../../cli/access/cluster.ts";
import { handedOver } from "../../../cli/deploy/ownership/kubernetes-objects.ts";
import { refuseForeign, type OwnershipAccess } from "../../../cli/deploy/ownership/ownership.ts";
import { previewStack } from "../../../cli/engine/deploy.ts";
import type { Change } from "../../../cli/engine/run-log.ts";
import { registerStack } from "../../../chain.ts";
import { azureReader, vaultReader } from "../../../diagnose/observe/access.ts";
import { identityId, keyVaultId, keyVaultSecretsUser } from "../../../domain/azure-ids.ts";
import type { Adopted, EnvironmentStack, StackPlan } from "../../../domain/environment.ts";
import type { Finding } from "../../../domain/finding.ts";
import { ourLabels } from "../../../domain/manifests/marks.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { UserError } from "../../../domain/user-error.ts";
import { localContext } from "../../../local/home.ts";
import { applyObject, callCluster } from "../../../local/servers/cluster-call.ts";
import { applyCrds } from "../../../local/servers/index.ts";
import { AzureRig } from "../../local/azure/rig.ts";
import { useEngine, type Program } from "../../support/engine.ts";
import { openVault } from "../../support/open-vault.ts";
import { useServers } from "../../support/servers.ts";
import { azure as place, environmentStack, sharedStack } from "../../support/stacks.ts";
import { up } from "../../engine/live-providers.ts";

async function foundBy(
  changes: readonly Change[],
  plan: StackPlan,
  access: OwnershipAccess,
): Promise<readonly Finding[]> {
  try {
    await refuseForeign(changes, plan, access);
    return [];
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.findings;
  }
}

/** The entries of `adopt` that the findings offer, as a person would paste them. */
function offered(findings: readonly Finding[]): Adopted {
  const lines = findings.map(({ fix }) => /adopt: \{ ([^:]+): (".*") \}/.exec(fix));
  return Object.fromEntries(
    lines.flatMap((line) => (line === null ? [] : [[line[1] ?? "", JSON.parse(line[2] ?? "")]])),
  );
}

describe("refuseForeign, of a Vault that is live", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let token = "";

  async function vault<T = { data: Record<string, unknown> }>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${servers().home.vaultUrl}/v1/${path}`, {
      method,
      headers: { "x-vault-token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  /** What a platform has that ran the seed's shell job for a year. */
  before(async () => {
    token = (await openVault(servers().home.vaultUrl)).rootToken;
    await vault("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" }, description: "live" });
    await until(() => vault("POST", "secret/config", { max_versions: 3 }));
    await vault("POST", "secret/data/platform-app-client-secret", { data: { value: "theirs" } });
    await vault("POST", "sys/auth/kubernetes", { type: "kubernetes", description: "live" });
    await vault("POST", "auth/kubernetes/config", { kubernetes_host: "https://10.0.0.1", kubernetes_ca_cert: "pem" });
    await vault("PUT", "sys/policies/acl/keycloak-client-patcher", { policy: 'path "secret/*" {}' });
  });

  let rig: AzureRig;
  before(async () => {
    rig = await AzureRig.start({ tenantId: place.tenantId, subscriptionId: place.subscriptionId });
    await rig.arm("PUT", `/subscriptions/${place.subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
    await rig.arm("PUT", `${identityId(place)}?api-version=2023-01-31`, { location: "westeurope" });
  });
  const engine = useEngine("dev", () => ({
    mode: "live",
    kubeconfigPath: "/nowhere",
    vaultAddress: servers().home.vaultUrl,
    vaultToken: token,
    azure: { endpoint: rig.azure.origin, caPem: rig.azure.caPem, operatorToken: rig.azure.operatorToken },
  }));
  after(() => rig.stop());

  /** In `gitops`, so that it asks no cluster. */
  const stackWith = (adopt: Adopted): EnvironmentStack => {
    const { strictness, vault: server, ...rest } = environmentStack("dev");
    const operatorAddress = servers().home.vaultUrl;
    return { ...rest, adopt, strictness: { ...strictness, delivery: "gitops" }, vault: { ...server, operatorAddress } };
  };
  const program =
    (plan: EnvironmentStack): Program =>
    () =>
      Promise.resolve(registerStack(plan, { shared: { bootstrapClientId: "client" } }));
  const findings = async (plan: EnvironmentStack): Promise<readonly Finding[]> => {
    const run = { policyPacks: [], signal: new AbortController().signal };
    const { changes } = await previewStack(await engine.open(program(plan)), run);
    return foundBy(changes, plan, { vault: vaultReader(plan.vault.operatorAddress, new Redacted(token)) });
  };
  const theirs = async () => ({
    mount: (await vault("GET", "sys/mounts")).data["secret/"],
    config: (await vault("GET", "secret/config")).data,
    auth: (await vault("GET", "auth/kubernetes/config")).data,
    policy: (await vault("GET", "sys/policies/acl/keycloak-client-patcher")).data,
    value: (await vault("GET", "secret/data/platform-app-client-secret")).data,
  });

  it("fails on everything that is there and not ours, at once, with what differs and the line that adopts it", async () => {
    const found = await findings(stackWith({}));
    assert.deepEqual(found.map(({ code, subject }) => `${code} ${subject}`).toSorted(), [
      "vault-config-differs auth/kubernetes/config",
      "vault-config-differs secret/config",
      "vault-mount-exists kubernetes",
      "vault-mount-exists secret",
      "vault-policy-exists keycloak-client-patcher",
    ]);
    assert.match(found.find(({ subject }) => subject === "secret/config")?.problem ?? "", /max_versions is 3, not 10$/);
    assert.deepEqual(offered(found), adoptedLines);
  });

  it("passes once the offered lines stand in the stack file, and the update leaves all of it as it was", async () => {
    const before = await theirs();
    const plan = stackWith(offered(await findings(stackWith({}))));
    assert.deepEqual(await findings(plan), []);
    const steps = await up(await engine.open(program(plan)));
    assert.deepEqual(steps.filter((step) => step.startsWith("import ")).toSorted(), [
      "import vault:index/authBackend:AuthBackend vault-auth-backend",
      "import vault:index/mount:Mount vault-engine-kv",
      "import vault:index/policy:Policy vault-engine-keycloak-client-patcher",
      "import vault:kubernetes/authBackendConfig:AuthBackendConfig vault-auth-config",
      "import vault:kv/secretBackendV2:SecretBackendV2 vault-engine-kv-config",
    ]);
    assert.deepEqual(await theirs(), before);
    assert.deepEqual((await vault("GET", "auth/kubernetes/role/ameide-secrets-bootstrap")).data["token_policies"], [
      "ameide-secrets-bootstrap",
    ]);
  });

  it("plans nothing more, and a destroy leaves in place what was adopted", async () => {
    const before = await theirs();
    const stack = await engine.open(program(stackWith(adoptedLines)));
    assert.deepEqual(
      (await previewStack(stack, { policyPacks: [], signal: new AbortController().signal })).changes,
      [],
    );
    await stack.destroy({ excludeProtected: true });
    assert.deepEqual(await theirs(), before);
  });
});

const adoptedLines: Adopted = {
  "vault-auth-backend": "kubernetes",
  "vault-auth-config": "auth/kubernetes/config",
  "vault-engine-kv": "secret",
  "vault-engine-kv-config": "secret/config",
  "vault-engine-keycloak-client-patcher": "keycloak-client-patcher",
};

/** A new KV v2 mount upgrades itself for a moment, and refuses everything meanwhile. */
async function until(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const refused = await work().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (refused === undefined) return;
    if (!/Upgrading|upgrading/.test(refused.message)) throw refused;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("refuseForeign, of a cluster that ArgoCD and others write to", function () {
  this.timeout(120_000);
  const servers = useServers(["kube-apiserver"]);
  const plan = environmentStack("dev");
  let cluster: Cluster;

  before(async () => {
    cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: localContext });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ameide-dev" } };
    await applyObject(servers().home, "/api/v1/namespaces/ameide-dev", namespace);
    const tracked = { "argocd.argoproj.io/tracking-id": "dev-foundation:/ConfigMap:ameide-dev/tracked" };
    await configMap("tracked", { annotations: tracked, labels: ourLabels });
    await configMap("released", { annotations: { "meta.helm.sh/release-name": "vault-bootstrap" } });
    await configMap("instance", { labels: { "app.kubernetes.io/instance": "dev-foundation" } });
    await configMap("by-hand", {});
    await configMap("ours", { labels: ourLabels });
  });

  const configMap = (name: string, metadata: object) =>
    applyObject(servers().home, `/api/v1/namespaces/ameide-dev/configmaps/${name}`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, ...metadata },
      data: { key: "value" },
    });
  const change = (operation: Change["operation"], object: string, type = "kubernetes:core/v1:ConfigMap"): Change => ({
    operation,
    type,
    object,
    name: object,
    stage: "bootstrap",
    differs: [],
    urn: `urn:pulumi:dev::ameide-secrets::${type}::${object}`,
  });
  const subjects = async (...changes: readonly Change[]) =>
    (await foundBy(changes, plan, { cluster })).map(({ subject }) => subject);

  it("fails on what is another's, naming both owners and how one lets go", async () => {
    const objects = ["tracked", "released", "instance", "by-hand"].map((name) => `ameide-dev/${name}`);
    const found = await foundBy(
      objects.map((object) => change("create", object)),
      plan,
      { cluster },
    );
    assert.deepEqual(
      found.map(({ problem }) => problem.replace("; the stack dev of this program would write it, too", "")),
      [
        'ConfigMap ameide-dev/tracked belongs to the ArgoCD application "dev-foundation"',
        'ConfigMap ameide-dev/released belongs to the Helm release "vault-bootstrap"',
        'ConfigMap ameide-dev/instance belongs to "dev-foundation" of ArgoCD or Helm (label app.kubernetes.io/instance)',
        'ConfigMap ameide-dev/by-hand belongs to somebody else (written by "ameide-secrets-local")',
      ],
    );
    assert.match(found[0]?.fix ?? "", /delivery "gitops" in environments\/dev\.ts/);
    assert.equal(
      found[3]?.fix,
      `if nobody writes it any more, hand it over: kubectl --context ameide-local -n ameide-dev patch configmap by-hand --type=merge -p '${JSON.stringify(handedOver("v1"))}'`,
    );
  });

  it("allows what is not there, what an earlier run of ours left, and kinds that the cluster does not know", async () =>
    assert.deepEqual(
      await subjects(
        change("create", "ameide-dev/new"),
        change("create", "ameide-dev/ours"),
        change("create", "ameide-dev/new", "kubernetes:external-secrets.io/v1:ExternalSecret"),
      ),
      [],
    ));

  it("fails an update of what ArgoCD tracks by now, and allows one of what somebody relabelled", async () =>
    assert.deepEqual(await subjects(change("update", "ameide-dev/tracked"), change("update", "ameide-dev/by-hand")), [
      "ameide-dev/tracked",
    ]));

  it("leaves alone what is only patched, deleted, or stays", async () =>
    assert.deepEqual(
      await subjects(
        change("create", "ameide-dev/tracked", "kubernetes:core/v1:ConfigMapPatch"),
        change("delete", "ameide-dev/tracked"),
        change("same", "ameide-dev/tracked"),
      ),
      [],
    ));

  it("allows the object after the printed repair, and another field manager may then write it", async () => {
    const path = "/api/v1/namespaces/ameide-dev/configmaps/by-hand";
    const apply = async () =>
      callCluster(servers().home, "PATCH", `${path}?fieldManager=ameide-secrets`, {
        body: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "by-hand", labels: ourLabels },
          data: { key: "ours" },
        },
        headers: { "content-type": "application/apply-patch+yaml" },
      });
    assert.match((await apply()).body, /conflict with \\"ameide-secrets-local\\"/);
    await cluster.patch(path, handedOver("v1"));
    assert.deepEqual(await subjects(change("create", "ameide-dev/by-hand")), []);
    const applied = await apply();
    assert.equal(applied.status, 200, applied.body);
    assert.deepEqual((await cluster.get(path))["data"], { key: "ours" });
  });
});

describe("refuseForeign, of what an object would take from others", function () {
  this.timeout(120_000);
  const servers = useServers(["kube-apiserver"]);
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

  it("fails on a Secret that something else made under a delivery's name, until it is handed over", async () => {
    assert.deepEqual(await found(delivery), []);
    const path = inDev("/api/v1", "secrets", "langfuse-secrets");
    await apply(path, "v1", "Secret", { stringData: { LANGFUSE_SECRET_KEY: "theirs" } });
    const [finding] = await found(delivery);
    assert.equal(
      finding?.problem,
      "Secret ameide-dev/langfuse-secrets is there already and no ExternalSecret made it; ExternalSecret ameide-dev/langfuse-secrets-sync would write it, too",
    );
    assert.match(finding.fix, /patch secret langfuse-secrets --type=merge/);
    await cluster.patch(path, handedOver("v1"));
    assert.deepEqual(await found(delivery), []);
  });

  it("fails on a Secret that another ExternalSecret owns, and allows one of our own's from an earlier life", async () => {
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

  it("fails on a store in use whose new role could not read what its users read", async () => {
    const store = creation(`${eso}:SecretStore`, "ameide-dev/ameide-vault");
    const reads = (name: string, store: string, key: string) =>
      apply(inDev(`/apis/${eso}`, "externalsecrets", name), eso, "ExternalSecret", {
        spec: {
          secretStoreRef: { kind: "SecretStore", name: store },
          data: [{ secretKey: "key", remoteRef: { key, property: "value" } }],
        },
      });
    await reads("lawful", "ameide-vault", "secret/data/ghcr-token");
    await reads("elsewhere", "another-store", "platform-db-password");
    assert.deepEqual(await found(store), []);
    await reads("cut-off", "ameide-vault", "platform-db-password");
    const [finding] = await found(store);
    assert.equal(
      finding?.problem,
      "SecretStore ameide-dev/ameide-vault would get a role that may not read what these use it for: cut-off (platform-db-password)",
    );
  });

  it("fails on an account with pull secrets of others: the list is written as a whole", async () => {
    const path = inDev("/api/v1", "serviceaccounts", "default");
    const patch = creation("core/v1:ServiceAccountPatch", "ameide-dev/default");
    await apply(path, "v1", "ServiceAccount", { imagePullSecrets: [{ name: "ghcr-pull" }] });
    assert.deepEqual(await found(patch), []);
    await apply(path, "v1", "ServiceAccount", { imagePullSecrets: [{ name: "ghcr-pull" }, { name: "acr-pull" }] });
    assert.match(
      (await found(patch))[0]?.problem ?? "",
      /has pull secrets that another gave it, acr-pull, and would lose them/,
    );
    const byArgo = { ...plan, strictness: { ...plan.strictness, delivery: "gitops" as const } };
    const accounts = (await foundBy([], byArgo, { cluster })).map(({ code, subject }) => `${code} ${subject}`);
    assert.deepEqual(accounts, ["pull-secrets-of-others ameide-dev/default"]);
  });
});

describe("refuseForeign, of an Azure that is in use", function () {
  this.timeout(120_000);
  let rig: AzureRig;
  let access: OwnershipAccess;
  const environment = environmentStack("dev");

  before(async () => {
    rig = await AzureRig.start({ tenantId: place.tenantId, subscriptionId: place.subscriptionId });
    access = { azure: () => Promise.resolve(reader(rig.azure.operatorToken)) };
  });
  after(() => rig.stop());

  const reader = (bearer: string) =>
    azureReader({
      resourceManager: rig.azure.origin,
      keyVaultUri: rig.azure.origin,
      token: () => Promise.resolve(new Redacted(bearer)),
      ca: rig.azure.caPem,
    });
  const engine = useEngine("shared", () => ({
    mode: "live",
    kubeconfigPath: "/nowhere",
    vaultAddress: "http://127.0.0.1:1",
    azure: { endpoint: rig.azure.origin, caPem: rig.azure.caPem, operatorToken: rig.azure.operatorToken },
  }));
  const creations = (...types: readonly string[]): readonly Change[] =>
    types.map((type) => ({
      operation: "create",
      type: `azure-native:${type}`,
      name:
        {
          "keyvault:Vault": "key-vault-vault",
          "managedidentity:UserAssignedIdentity": "identity-identity",
          "authorization:RoleAssignment": "identity-secrets-user",
        }[type] ?? `federation-${environment.federated.name}`,
      stage: "identity",
      differs: [],
      urn: type,
    }));
  const shared = creations("keyvault:Vault", "managedidentity:UserAssignedIdentity", "authorization:RoleAssignment");
  const federation = creations("managedidentity:FederatedIdentityCredential");

  it("allows everything where nothing is there", async () => {
    assert.deepEqual(await foundBy(shared, sharedStack(), access), []);
    assert.deepEqual(await foundBy(federation, environment, access), []);
  });

  it("fails on vault, identity, role and credential of others, each with the line that adopts it", async () => {
    const { issuer, subject } = environment.federated;
    await rig.arm("PUT", `/subscriptions/${place.subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
    await rig.arm("PUT", keyVaultId(place), rig.vaultBody({ enableRbacAuthorization: false, accessPolicies: [] }));
    const { body } = await rig.arm("PUT", `${identityId(place)}?api-version=2023-01-31`, { location: "westeurope" });
    const assignment = `${keyVaultId(place)}/providers/Microsoft.Authorization/roleAssignments/99999999-9999-4999-8999-999999999999`;
    await rig.arm("PUT", `${assignment}?api-version=2022-04-01`, {
      properties: {
        principalId: body.properties.principalId,
        principalType: "ServicePrincipal",
        roleDefinitionId: `/subscriptions/${place.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
      },
    });
    const credential = `${identityId(place)}/federatedIdentityCredentials/made-by-terraform`;
    await rig.arm("PUT", `${credential}?api-version=2023-01-31`, {
      properties: { issuer, subject, audiences: ["api://AzureADTokenExchange"] },
    });
    const found = await foundBy(shared, sharedStack(), access);
    assert.deepEqual(offered(found), {
      "key-vault-vault": keyVaultId(place),
      "identity-identity": identityId(place),
      "identity-secrets-user": assignment,
    });
    assert.match(found[0]?.problem ?? "", /gives rights by access policies, under which role assignments do nothing/);
    assert.deepEqual(offered(await foundBy(federation, environment, access)), {
      "federation-vault-bootstrap-dev": credential,
    });
  });

  it("lets the offered lines adopt them: nothing in Azure changes, and a second preview plans nothing", async () => {
    const adopt = offered(await foundBy(shared, sharedStack(), access));
    const stateOf = async (id: string, api: string) => (await rig.arm("GET", `${id}?api-version=${api}`)).body;
    const before = [await stateOf(keyVaultId(place), "2023-07-01"), await stateOf(identityId(place), "2023-01-31")];
    const stack = await engine.open(() => Promise.resolve(registerStack({ ...sharedStack(), adopt })));
    assert.deepEqual((await up(stack)).filter((step) => !step.includes("ameide-secrets:")).toSorted(), [
      "import azure-native:authorization:RoleAssignment identity-secrets-user",
      "import azure-native:keyvault:Vault key-vault-vault",
      "import azure-native:managedidentity:UserAssignedIdentity identity-identity",
    ]);
    const after = [await stateOf(keyVaultId(place), "2023-07-01"), await stateOf(identityId(place), "2023-01-31")];
    assert.deepEqual(after, before);
    assert.deepEqual(
      (await previewStack(stack, { policyPacks: [], signal: new AbortController().signal })).changes,
      [],
    );
  });

  it("fails on what it may not look at, instead of taking it for absent", async () => {
    const found = await foundBy(shared, sharedStack(), { azure: () => Promise.resolve(reader("nobody's token")) });
    assert.deepEqual(new Set(found.map(({ code }) => code)), new Set(["cannot-look"]));
  });
});
