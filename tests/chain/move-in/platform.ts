import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { localArm, loadLocalStack, localAzureAccount } from "../../../cli/access/local-stack.ts";
import { vaultCall } from "../../../cli/access/vault.ts";
import { followSyncs, forceSync } from "../../../clients/external-secrets.ts";
import type { KubernetesClient, KubernetesObject } from "../../../clients/kubernetes.ts";
import { dockerConfigJson } from "../../../domain/manifests/external-secret.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { identityId, keyVaultId, keyVaultSecretsUser } from "../../../domain/resources/azure-inputs.ts";
import type { LocalHome } from "../../../local/home.ts";
import { homeCluster } from "../../../local/servers/cluster-call.ts";
import { applyCrds } from "../../../local/servers/cluster-objects.ts";
import { startServers } from "../../../local/servers/start.ts";
import type { Binaries } from "../../../local/toolchain/pieces.ts";
import { armRequest } from "../../support/arm.ts";
import { openVault } from "../../support/open-vault.ts";
import { forget, temporaryHome, testBinaries } from "../../support/servers.ts";
import { ArgoStandIn } from "./argocd.ts";

/** All of `.env`, as the old pipeline pushed it: names of this chain, and of others that never belonged there. */
export const values: Readonly<Record<string, string>> = {
  "ghcr-token": "canary-ghcr-token-1",
  "ghcr-username": "canary-user",
  "langfuse-secret-key": "canary-langfuse-1",
  "anthropic-api-key": "canary-anthropic-1",
  "openai-api-key": "canary-openai-1",
  "platform-db-password": "canary-of-cnpg",
  "platform-app-client-secret": "canary-of-keycloak-in-key-vault",
  "database-ssl": "require",
};
/** In Vault where Key Vault has the value of `openai-api-key`: what the old job left before its first good run. */
const placeholder = "CHANGEME";

const namespaces = ["ameide-local", "argocd"];
const reader = "external-secrets-reader";
const bootstrap = "foundation-vault-bootstrap-vault-bootstrap";

/** One Terraform resource of the old configuration, as its state has it. */
interface StateResource {
  readonly module?: string;
  readonly mode: "managed";
  readonly type: string;
  readonly name: string;
  instances: { index_key?: string; attributes: Record<string, unknown> }[];
}

/** The platform of the document: Terraform, a chart with a shell script, ArgoCD, and everything in use. */
export class Platform {
  readonly home: LocalHome;
  readonly binaries: Binaries;
  readonly cluster: KubernetesClient;
  readonly argo: ArgoStandIn;
  readonly stack: EnvironmentStack;
  readonly stateFile: string;
  #root = new Redacted("");

  private constructor(home: LocalHome, binaries: Binaries, stack: EnvironmentStack) {
    this.home = home;
    this.binaries = binaries;
    this.stack = stack;
    this.cluster = homeCluster(home);
    this.argo = new ArgoStandIn(this.cluster);
    this.stateFile = join(home.dir, "terraform.tfstate");
  }

  static async start(): Promise<Platform> {
    const [home, binaries] = [await temporaryHome(), await testBinaries()];
    try {
      await startServers(home, binaries, { azure: localAzureAccount() });
      await applyCrds(home, binaries);
      const platform = new Platform(home, binaries, cloudLike(await loadLocalStack(home, [])));
      await platform.#build();
      return platform;
    } catch (error) {
      await forget(home);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.cluster.close();
    await forget(this.home);
  }

  get rootToken(): Redacted {
    return this.#root;
  }

  vault<T = unknown>(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<T> {
    return vaultCall<T>({ address: this.home.vaultUrl }, this.#root, method, `/v1/${path}`, body);
  }

  async azure<T>(method: string, path: string, body?: object): Promise<T> {
    const text = await armRequest(localArm(this.home), method, path, body);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The old job: everything of Key Vault over Vault, as long as its CronJob is there and not suspended. */
  async oldJob(): Promise<boolean> {
    const path = `/apis/batch/v1/namespaces/ameide-local/cronjobs/${bootstrap}`;
    const found = await this.cluster.find<{ spec: { suspend?: boolean; jobTemplate: object } }>(path);
    if (found?.spec.suspend !== false && found?.spec.suspend !== undefined) return false;
    if (!JSON.stringify(found?.spec.jobTemplate ?? "").includes("write-secrets.sh")) return false;
    for (const name of ["ghcr-token", "ghcr-username"]) {
      const { data } = await this.vault<{ data: { data: { value: string } } }>("GET", `secret/data/${name}`);
      if (data.data.value !== values[name])
        await this.vault("POST", `secret/data/${name}`, { data: { value: values[name] } });
    }
    return true;
  }

  async #build(): Promise<void> {
    for (const name of namespaces)
      await this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, `/api/v1/namespaces/${name}`);
    await Promise.all([this.#azure(), this.#definition()]);
    await this.#vault();
    this.argo.source.set("local-foundation", oldFoundation(this.home));
    this.argo.source.set("local-secrets", oldExternalSecrets());
    await this.until(
      () =>
        this.argo.sync().then(
          () => true,
          () => false,
        ),
      "ArgoCD's first sync",
    );
    await this.untilSynced();
  }

  /** Every ExternalSecret is fetched again, and is Ready. */
  async untilSynced(): Promise<void> {
    const path = "/apis/external-secrets.io/v1/externalsecrets";
    const { items } = await this.cluster.get<{ items: KubernetesObject[] }>(path);
    const all = items.map(({ metadata: { namespace = "", name } }) => ({ namespace, name }));
    const told = await forceSync(this.cluster, "externalsecrets", all);
    const { left } = await followSyncs(
      this.cluster,
      told.map(({ one, object: { status } }) => ({ ...one, syncedVersion: status?.syncedResourceVersion ?? "" })),
      { timeoutInMs: 60_000, signal: new AbortController().signal },
    );
    assert.deepEqual(left, [], "not Ready again within 60 s");
  }

  async until(holds: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`waited 60 s for ${what}`);
      await sleep(100);
    }
  }

  apply(object: object, path: string): Promise<unknown> {
    return this.cluster.apply(path, object, { fieldManager: "platform" });
  }

  async #definition(): Promise<void> {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const names = { kind: "Application", plural: "applications", singular: "application" };
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applications.argoproj.io";
    await this.apply(
      {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "applications.argoproj.io" },
        spec: {
          group: "argoproj.io",
          scope: "Namespaced",
          names,
          versions: [{ name: "v1alpha1", served: true, storage: true, schema }],
        },
      },
      path,
    );
  }

  /** Key Vault, its secrets, the identity with its role and credential, and a state file that has all of it in clear. */
  async #azure(): Promise<void> {
    const { azure, federated } = this.stack;
    const [vaultId, identity] = [keyVaultId(azure), identityId(azure)];
    const api = (path: string, version: string) => `${path}?api-version=${version}`;
    await this.azure("PUT", api(vaultId.split("/providers/")[0] ?? "", "2024-03-01"), { location: azure.location });
    await this.putKeyVault({});
    for (const [name, value] of Object.entries(values))
      await this.azure("PUT", api(`${vaultId}/secrets/${name}`, "2023-07-01"), { properties: { value } });
    const { properties } = await this.azure<{ properties: { principalId: string } }>(
      "PUT",
      api(identity, "2023-01-31"),
      {
        location: azure.location,
      },
    );
    const assignment = `${vaultId}/providers/Microsoft.Authorization/roleAssignments/99999999-9999-4999-8999-999999999999`;
    await this.azure("PUT", api(assignment, "2022-04-01"), {
      properties: {
        principalId: properties.principalId,
        principalType: "ServicePrincipal",
        roleDefinitionId: `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsUser}`,
      },
    });
    const { issuer, subject, audience } = federated;
    const credential = `${identity}/federatedIdentityCredentials/${federated.name}`;
    await this.azure("PUT", api(credential, "2023-01-31"), { properties: { issuer, subject, audiences: [audience] } });

    const one = (
      type: string,
      name: string,
      attributes: Record<string, unknown>,
      rest: object = {},
    ): StateResource => ({
      mode: "managed",
      type,
      name,
      instances: [{ attributes }],
      ...rest,
    });
    const inModule = { module: "module.vault_bootstrap_identity" };
    this.writeState([
      one("azurerm_key_vault", "this", { id: vaultId }, { module: "module.keyvault" }),
      one(
        "azurerm_key_vault_secret",
        "env_secrets",
        {},
        {
          instances: Object.entries(values).map(([name, value]) => ({
            index_key: name,
            attributes: {
              name,
              value,
              key_vault_id: vaultId,
              id: `https://ameidekv.vault.azure.net/secrets/${name}/0`,
            },
          })),
        },
      ),
      one("azurerm_user_assigned_identity", "this", { id: identity }, inModule),
      one(
        "azurerm_role_assignment",
        "this",
        {},
        {
          ...inModule,
          instances: [
            {
              index_key: "keyvault-secrets-user",
              attributes: { id: assignment, scope: vaultId, role_definition_name: "Key Vault Secrets User" },
            },
          ],
        },
      ),
      one(
        "azurerm_federated_identity_credential",
        "this",
        {},
        {
          ...inModule,
          instances: [{ index_key: federated.name, attributes: { id: credential, subject } }],
        },
      ),
      one("azurerm_kubernetes_cluster", "this", { id: "/subscriptions/other" }, { module: "module.aks" }),
    ]);
  }

  async putKeyVault(properties: object): Promise<void> {
    const { azure } = this.stack;
    await this.azure("PUT", `${keyVaultId(azure)}?api-version=2023-07-01`, {
      location: azure.location,
      properties: {
        tenantId: azure.tenantId,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        ...properties,
      },
    });
  }

  readState(): StateResource[] {
    return (JSON.parse(readFileSync(this.stateFile, "utf8")) as { resources: StateResource[] }).resources;
  }

  writeState(resources: readonly StateResource[]): void {
    const state = { version: 4, terraform_version: "1.9.0", serial: 7, lineage: "l", outputs: {}, resources };
    writeFileSync(this.stateFile, JSON.stringify(state), { mode: 0o600 });
  }

  /** Initialised and filled by the old script: unmarked values, one wide role, a pinned reviewer token. */
  async #vault(): Promise<void> {
    const { rootToken, unsealKey } = await openVault(this.home.vaultUrl);
    this.#root = new Redacted(rootToken);
    await this.apply(
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "vault-auto-credentials", namespace: "ameide-local" },
        stringData: { "root-token": rootToken, "unseal-key": unsealKey },
      },
      "/api/v1/namespaces/ameide-local/secrets/vault-auto-credentials",
    );
    const accounts = [
      ["vault-core-local", "ameide-local"],
      ...namespaces.map((namespace) => [reader, namespace]),
    ] as const;
    for (const [name, namespace] of accounts)
      await this.apply(
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
        `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
      );
    // Vault runs next to the cluster here, so without a pinned token each consumer reviews its own
    await this.apply(
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "old-token-review" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
        subjects: accounts.map(([name, namespace]) => ({ kind: "ServiceAccount", name, namespace })),
      },
      "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/old-token-review",
    );
    const { status } = await this.cluster.create<{ status: { token: string } }>(
      "/api/v1/namespaces/ameide-local/serviceaccounts/vault-core-local/token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } },
    );
    await this.vault("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
    await this.vault("POST", "sys/auth/kubernetes", { type: "kubernetes" });
    await this.vault("POST", "auth/kubernetes/config", {
      kubernetes_host: this.home.kubernetesUrl,
      kubernetes_ca_cert: readFileSync(this.home.kubernetes.caCertificate, "utf8"),
      token_reviewer_jwt: status.token,
      disable_iss_validation: true,
    });
    await this.vault("PUT", "sys/policies/acl/external-secrets", {
      policy: 'path "secret/data/*" { capabilities = ["read"] }',
    });
    await this.vault("POST", "auth/kubernetes/role/external-secrets", {
      bound_service_account_names: [reader],
      bound_service_account_namespaces: namespaces,
      token_policies: ["external-secrets"],
    });
    // a mount becomes version 2 in the background
    await this.until(
      () =>
        this.vault("POST", "secret/data/ghcr-token", { data: { value: values["ghcr-token"] } }).then(
          () => true,
          () => false,
        ),
      "the mount",
    );
    const { "ghcr-token": _, ...rest } = values;
    const ofKeycloak = this.stack.catalogue.keycloakClients.map(({ vaultKey }) => [
      vaultKey,
      `canary-of-keycloak-${vaultKey}`,
    ]);
    const inVault = { ...rest, ...Object.fromEntries(ofKeycloak), "openai-api-key": placeholder } as Record<
      string,
      string
    >;
    for (const [name, value] of Object.entries(inVault))
      if (name !== "platform-db-password" && name !== "database-ssl")
        await this.vault("POST", `secret/data/${name}`, { data: { value } });
  }
}

/** `local` with the settings of a cloud's environment: nothing of it is made to be thrown away. */
function cloudLike(stack: EnvironmentStack): EnvironmentStack {
  const { shared } = stack;
  return {
    ...stack,
    strictness: {
      ...stack.strictness,
      values: "data-plane",
      protect: true,
      makesNamespaces: false,
      admission: "audit",
    },
    ...(shared === undefined
      ? {}
      : { shared: { ...shared, protect: true, values: "data-plane", keyVaultSecrets: new Map() } }),
  };
}

/** The chart: a CronJob with a shell script, its account, and the stores. */
export function oldFoundation(home: LocalHome): KubernetesObject[] {
  const namespace = "ameide-local";
  const store = (of: string): KubernetesObject => ({
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "ameide-vault", namespace: of },
    spec: {
      refreshInterval: 60,
      provider: {
        vault: {
          server: home.vaultUrl,
          path: "secret",
          version: "v2",
          headers: { "X-Written-By": "the chart" },
          auth: {
            kubernetes: { mountPath: "kubernetes", role: "external-secrets", serviceAccountRef: { name: reader } },
          },
        },
      },
    },
  });
  const container = {
    name: "bootstrap",
    image: "hashicorp/vault:1.15",
    command: ["/bin/sh", "/scripts/write-secrets.sh"],
  };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: bootstrap, namespace } },
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: bootstrap, namespace },
      spec: {
        schedule: "0 3 30 2 *",
        jobTemplate: {
          spec: {
            template: { spec: { serviceAccountName: bootstrap, restartPolicy: "Never", containers: [container] } },
          },
        },
      },
    },
    ...namespaces.map(store),
  ];
}

/** Hand-written, one of them of an application of the platform that stays with ArgoCD. */
export function oldExternalSecrets(): KubernetesObject[] {
  const one = (
    namespace: string,
    name: string,
    target: object,
    keys: Readonly<Record<string, string>>,
  ): KubernetesObject => ({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, namespace },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target,
      data: Object.entries(keys).map(([secretKey, key]) => ({ secretKey, remoteRef: { key, property: "value" } })),
    },
  });
  const docker = {
    name: "ghcr-pull",
    template: { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": dockerConfigJson("ghcr.io") } },
  };
  const login = { username: "ghcr-username", password: "ghcr-token" };
  return [
    one("ameide-local", "ghcr-pull-sync", docker, login),
    one("argocd", "ghcr-pull-sync", docker, login),
    one(
      "ameide-local",
      "langfuse-secrets-sync",
      { name: "langfuse-secrets" },
      { LANGFUSE_SECRET_KEY: "langfuse-secret-key" },
    ),
    one(
      "ameide-local",
      "inference-api-credentials-sync",
      { name: "inference-api-credentials" },
      { ANTHROPIC_API_KEY: "anthropic-api-key", OPENAI_API_KEY: "openai-api-key" },
    ),
    one(
      "ameide-local",
      "keycloak-master-platform-app-sync",
      { name: "platform-app-master-client" },
      { "client-secret": "platform-app-master-client-secret" },
    ),
  ];
}
