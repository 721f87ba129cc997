import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import type { AzureIdentity } from "../../bootstrap/azure-errors.ts";
import { HttpClient } from "../../bootstrap/http.ts";
import { Log } from "../../bootstrap/log.ts";
import { runBootstrap } from "../../bootstrap/run.ts";
import { scheduledTiming, type Timing } from "../../bootstrap/timing.ts";
import { startAzure, type AzureStandIn } from "../../local/azure/stand-in.ts";
import type { LocalHome } from "../../local/home.ts";
import { httpCall, type HttpAnswer } from "../../local/servers/http-call.ts";
import { startServers } from "../../local/servers/start.ts";
import { stopServers } from "../../local/servers/stop.ts";
import { bundleBootstrap } from "../../environments/bundle.ts";
import { bootstrapName } from "../../domain/federation.ts";
import { bootstrapMemory } from "../../domain/manifests/bootstrap.ts";
import { bootstrapRole, bootstrapRoleBinding } from "../../domain/manifests/bootstrap-access.ts";
import type { BootstrapConfig, BootstrapStatus } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/environment.ts";
import { vaultPolicies } from "../../domain/vault-policies.ts";
import { vaultRoles } from "../../domain/vault-roles.ts";
import { arm, azureAudience, federate, giveRole, makeAzure, namespace, roleAssignment } from "./azure-place.ts";
import { VaultProxy, type ProxyHook } from "./vault-proxy.ts";
import { forget, temporaryHome, testBinaries } from "../support/servers.ts";

// what the servers document, read property by property in assertions
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

export interface RunResult {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
  /** The last line, which every run ends with. */
  readonly summary: Record<string, unknown>;
  /** Standard output and error as they came. */
  readonly text: string;
}

/** A cluster's API server, a Vault, an Azure and the bundle, as the bundle meets them in its pod. */
export class BootstrapRig {
  readonly home: LocalHome;
  readonly azure: AzureStandIn;
  readonly clientId: string;
  /** Milliseconds that Azure's clock is behind; values set while it is count as old. */
  static #azureLagInMs = 0;
  readonly #files: string;
  readonly #bundle: string;
  readonly #vaultHttp: HttpClient;
  readonly #azureHttp: HttpClient;
  readonly #proxies: VaultProxy[] = [];
  #settledLagInMs = 3_600_000;
  #rootToken: string | undefined;
  readonly #homes: LocalHome[] = [];

  private constructor(home: LocalHome, azure: AzureStandIn, clientId: string, files: string, bundle: string) {
    this.home = home;
    this.azure = azure;
    this.clientId = clientId;
    this.#files = files;
    this.#bundle = bundle;
    this.#vaultHttp = new HttpClient(home.vaultUrl, { connections: 16 });
    this.#azureHttp = new HttpClient(azure.origin, { ca: azure.caPem, connections: 16 });
  }

  /** Everything serves; Vault is not initialised. */
  static async start(): Promise<BootstrapRig> {
    const binaries = await testBinaries();
    const home = await temporaryHome();
    const [text] = await Promise.all([
      bundleBootstrap(join(import.meta.dirname, "..", "..")),
      startServers(home, binaries, { only: ["kube-apiserver", "openbao"] }),
    ]);
    const files = join(home.dir, "bootstrap");
    mkdirSync(files, { mode: 0o700 });
    const bundle = join(files, "vault-bootstrap.cjs");
    writeFileSync(bundle, text);
    const clusterJwks = JSON.parse((await admin(home, "GET", "/openid/v1/jwks")).body) as { keys: [] };
    const azure = await startAzure({
      port: 0,
      dir: join(home.dir, "azure-of-test"),
      clusterIssuer: home.kubernetesUrl,
      clusterJwks,
      now: () => Date.now() - BootstrapRig.#azureLagInMs,
    });
    const clientId = await makeAzure(azure, home.kubernetesUrl);
    const rig = new BootstrapRig(home, azure, clientId, files, bundle);
    await rig.#makeCluster();
    return rig;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    this.#vaultHttp.close();
    this.#azureHttp.close();
    await this.azure.close();
    await Promise.all([this.home, ...this.#homes].map(forget));
  }

  /** A configuration that walks; each test names what it changes. */
  config(changes: Partial<BootstrapConfig> = {}): BootstrapConfig {
    return {
      environment: "local",
      namespace,
      vault: this.vaultConfig(),
      source: {
        type: "azure-key-vault",
        uri: `${this.azure.origin}/`,
        disableInstanceDiscovery: true,
        disableChallengeResourceVerification: true,
      },
      secrets: [],
      mappedSecrets: [],
      fixtures: { values: ["minioadmin", "lf_api_*"], placeholders: ["CHANGEME", "placeholder_*"] },
      fixturesAllowed: true,
      claimUnmarked: false,
      statusConfigMap: "vault-bootstrap-status",
      lease: "vault-bootstrap",
      deadlineInSeconds: 100,
      ...changes,
    };
  }

  vaultConfig(changes: Partial<BootstrapConfig["vault"]> = {}): BootstrapConfig["vault"] {
    return {
      address: this.home.vaultUrl,
      mount: "secret",
      authMount: "kubernetes",
      role: "ameide-secrets-bootstrap",
      initialise: true,
      unseal: "from-secret",
      credentialsSecret: "vault-auto-credentials",
      ...changes,
    };
  }

  /** Starts the bundle as its pod would. */
  launch(config: BootstrapConfig, { args = [], env = {} }: LaunchOptions = {}): Launched {
    const name = Math.random().toString(36).slice(2);
    const configFile = join(this.#files, `config-${name}.json`);
    writeFileSync(configFile, JSON.stringify(config));
    const child = spawn(process.execPath, [this.#bundle, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        VAULT_BOOTSTRAP_CONFIG: configFile,
        SERVICE_ACCOUNT_DIR: join(this.#files, "serviceaccount"),
        ...bootstrapMemory,
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: String(this.home.port("kubernetes")),
        AZURE_CLIENT_ID: this.clientId,
        AZURE_TENANT_ID: this.azure.tenantId,
        AZURE_FEDERATED_TOKEN_FILE: join(this.#files, "azure-identity-token"),
        AZURE_AUTHORITY_HOST: this.azure.origin,
        NODE_EXTRA_CA_CERTS: join(this.#files, "azure-ca.pem"),
        ...env,
      },
    });
    return { child, result: resultOf(child) };
  }

  async run(config: BootstrapConfig, options: LaunchOptions = {}): Promise<RunResult> {
    return await this.launch(config, options).result;
  }

  /** The same run inside this process, where its waits can be shortened and its stop chosen. */
  async runHere(
    config: BootstrapConfig,
    {
      timing = {},
      signal = new AbortController().signal,
      dryRun = false,
      azure = {},
      kubernetesAddress,
    }: RunHereOptions = {},
  ): Promise<RunResult> {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), this.azure.caPem]);
    let text = "";
    const log = new Log((line) => (text += line), "in-process");
    const code = await runBootstrap({
      invocation: {
        config,
        dryRun,
        untilUnsealed: false,
        waitForPropagation: false,
        serviceAccountDir: join(this.#files, "serviceaccount"),
        kubernetesAddress: kubernetesAddress ?? this.home.kubernetesUrl,
        azure: {
          clientId: this.clientId,
          tenantId: this.azure.tenantId,
          tokenFile: join(this.#files, "azure-identity-token"),
          authorityHost: this.azure.origin,
          ...azure,
        },
      },
      runId: "in-process",
      timing: { ...quickTiming, ...timing },
      log,
      signal,
    });
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { code, lines, summary: lines.at(-1) ?? {}, text };
  }

  /** Another Vault, which nobody has initialised, beside the one that all share. */
  async freshVault(): Promise<LocalHome> {
    const home = await temporaryHome();
    await startServers(home, await testBinaries(), { only: ["openbao"] });
    this.#homes.push(home);
    return home;
  }

  /** As a pod that is moved: raft storage stays, the seal closes. */
  async restartVault(home: LocalHome): Promise<void> {
    await stopServers(home, { only: ["openbao"] });
    await startServers(home, await testBinaries(), { only: ["openbao"] });
  }

  /** A Vault that behaves as `hook` says; closed with the rig. */
  async proxy(hook: ProxyHook, target: string = this.home.vaultUrl): Promise<string> {
    const proxy = await VaultProxy.start(target, hook);
    this.#proxies.push(proxy);
    return proxy.address;
  }

  /** Ends the Lease of a run that was killed, as half a minute would. */
  async endLease(): Promise<void> {
    await this.kube("DELETE", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/vault-bootstrap`);
  }

  /** Initialises and unseals by the bootstrap itself, then makes what `up` makes of Vault: mount, auth, roles, policies. */
  async openVault(config: BootstrapConfig): Promise<void> {
    const { code, text } = await this.run(config, { args: ["--until=unsealed"] });
    if (code !== 0) throw new Error(text);
    const mounted = await this.vault("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
    if (mounted.status !== 204) throw new Error(`sys/mounts/secret: ${mounted.status} ${JSON.stringify(mounted.body)}`);
    await this.vault("POST", "sys/auth/kubernetes", { type: "kubernetes" });
    await this.vault("POST", "auth/kubernetes/config", {
      kubernetes_host: this.home.kubernetesUrl,
      kubernetes_ca_cert: readFileSync(this.home.kubernetes.caCertificate, "utf8"),
      disable_local_ca_jwt: true,
    });
    await this.allow(config);
  }

  /** Writes the policies and roles that the components write for this configuration. */
  async allow(config: BootstrapConfig): Promise<void> {
    const plan = {
      environment: config.environment,
      namespace,
      secrets: [],
      stores: [],
      deliveries: [],
      patcherPaths: [],
    };
    const policies = vaultPolicies({ plan, config, mayUnmount: false });
    const roles = vaultRoles({
      plan,
      namespace,
      bootstrap: { name: bootstrapName, config } as EnvironmentStack["bootstrap"],
    });
    for (const role of roles) {
      const policy = policies.find(({ name }) => name === role.policy)?.policy;
      await this.vault("POST", `sys/policies/acl/${role.policy}`, { policy });
      await this.vault("POST", `auth/kubernetes/role/${role.name}`, {
        bound_service_account_names: [role.serviceAccount],
        bound_service_account_namespaces: [role.namespace],
        token_policies: [role.policy],
        token_no_default_policy: role.noDefaultPolicy ?? false,
        token_ttl: "600",
      });
    }
  }

  /** @param token - @default root's. */
  async vault(method: string, path: string, body?: object, token?: string): Promise<{ status: number; body: Json }> {
    const answer = await this.#vaultHttp.request(method, `/v1/${path}`, {
      headers: { "x-vault-token": token ?? (await this.rootToken()) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  }

  async rootToken(): Promise<string> {
    if (this.#rootToken === undefined) {
      const secret = await this.kube("GET", `/api/v1/namespaces/${namespace}/secrets/vault-auto-credentials`);
      this.#rootToken = Buffer.from(String(secret.body.data["root-token"]), "base64").toString();
    }
    return this.#rootToken;
  }

  /** @returns the value; `undefined` where there is none. */
  async value(path: string): Promise<string | undefined> {
    const { body } = await this.vault("GET", `secret/data/${path}`);
    return body?.data?.data?.value;
  }

  async metadata(path: string): Promise<Json> {
    return (await this.vault("GET", `secret/metadata/${path}`)).body?.data;
  }

  /** A write without CAS, as other writers make it. */
  async writePlainly(path: string, value: string): Promise<number> {
    return (await this.vault("POST", `secret/data/${path}`, { data: { value } })).status;
  }

  /** Sets values in Key Vault as if it had been done a while ago. */
  async setSecrets(values: Readonly<Record<string, string>>, { settled = true } = {}): Promise<void> {
    // each time a little later than the time before: two values must not carry one second
    this.#settledLagInMs = Math.max(3_000, this.#settledLagInMs - 1_500);
    BootstrapRig.#azureLagInMs = settled ? this.#settledLagInMs : 0;
    try {
      await Promise.all(Object.entries(values).map(([name, value]) => this.keyVault("PUT", name, { value })));
    } finally {
      BootstrapRig.#azureLagInMs = 0;
    }
  }

  async keyVault(method: string, name: string, body?: object): Promise<void> {
    const answer = await this.#azureHttp.request(method, `/secrets/${name}?api-version=7.6`, {
      headers: { authorization: `Bearer ${this.azure.operatorToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${name}: ${answer.status} ${answer.body}`);
  }

  async kube(method: string, path: string, body?: object): Promise<{ status: number; body: Json }> {
    const { status, body: text } = await admin(this.home, method, path, body);
    return { status, body: JSON.parse(text) };
  }

  async status(): Promise<BootstrapStatus | undefined> {
    const { status, body } = await this.kube(
      "GET",
      `/api/v1/namespaces/${namespace}/configmaps/vault-bootstrap-status`,
    );
    return status === 404 ? undefined : (JSON.parse(body.data.status) as BootstrapStatus);
  }

  federate(changes: object = {}): Promise<void> {
    return federate(this.azure, this.home.kubernetesUrl, changes);
  }

  async takeRole(): Promise<void> {
    await arm(this.azure, "DELETE", roleAssignment);
  }

  async giveRole(): Promise<void> {
    await giveRole(this.azure);
  }

  /** What the Role gives where the source is a Kubernetes Secret. */
  async allowSecret(name: string): Promise<void> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await this.kube("POST", `${rbac}/roles`, {
      metadata: { name },
      rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [name], verbs: ["get"] }],
    });
    await this.kube("POST", `${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: bootstrapName, namespace }],
    });
  }

  /** A file of this rig's folder, such as a token that is not one. */
  file(name: string, content: string): string {
    const path = join(this.#files, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  async #makeCluster(): Promise<void> {
    await this.kube("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await this.kube("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: bootstrapName } });
    const stack = { bootstrap: { name: bootstrapName, config: this.config() }, namespace } as EnvironmentStack;
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await this.kube("POST", `${rbac}/roles`, bootstrapRole(stack));
    await this.kube("POST", `${rbac}/rolebindings`, bootstrapRoleBinding(stack));
    // outside a pod Vault reviews a token by that very token
    await this.kube("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "test-reviewers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name: bootstrapName, namespace }],
    });
    mkdirSync(join(this.#files, "serviceaccount"), { mode: 0o700 });
    this.file("serviceaccount/token", await this.serviceAccountToken());
    this.file("serviceaccount/ca.crt", readFileSync(this.home.kubernetes.caCertificate, "utf8"));
    this.file("azure-identity-token", await this.serviceAccountToken(azureAudience));
    this.file("azure-ca.pem", this.azure.caPem);
  }

  async serviceAccountToken(audience?: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${bootstrapName}/token`;
    const spec = { expirationSeconds: 3600, ...(audience === undefined ? {} : { audiences: [audience] }) };
    return String((await this.kube("POST", path, { spec })).body.status.token);
  }
}

interface RunHereOptions {
  readonly timing?: Partial<Timing>;
  readonly signal?: AbortSignal;
  readonly dryRun?: boolean;
  readonly azure?: Partial<AzureIdentity>;
  readonly kubernetesAddress?: string;
}

/** Waits that are over in a moment. */
const quickTiming: Timing = {
  ...scheduledTiming,
  vaultWaitInMs: 300,
  electionInMs: 100,
  vaultPollInMs: 20,
  retryBaseInMs: 5,
  retryCapInMs: 20,
};

interface LaunchOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly result: Promise<RunResult>;
}

async function resultOf(child: ChildProcess): Promise<RunResult> {
  let out = "";
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    text += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const whole = out.split("\n").slice(0, -1);
  const lines = whole.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, summary: lines.at(-1) ?? {}, text };
}

async function admin(home: LocalHome, method: string, path: string, body?: object): Promise<HttpAnswer> {
  const { caCertificate, adminCertificate, adminKey } = home.kubernetes;
  return await httpCall(`${home.kubernetesUrl}${path}`, {
    method,
    timeoutInSeconds: 30,
    ca: readFileSync(caCertificate),
    cert: readFileSync(adminCertificate),
    key: readFileSync(adminKey),
    headers: { accept: "*/*", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
