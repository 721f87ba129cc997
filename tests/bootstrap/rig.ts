import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import { bundleBootstrap } from "../../environments/bundle.ts";
import type { AzureStandIn } from "../../stand-ins/azure/stand-in.ts";
import type { LocalHome } from "../../local/home.ts";
import { startServers } from "../../local/servers/start.ts";
import { stopServers } from "../../local/servers/stop.ts";
import { forget, temporaryHome, testBinaries } from "../support/servers.ts";
import { azureAudience, namespace } from "./azure-setup.ts";
import { TestCluster } from "./test-cluster.ts";
import { launchBundle, runInProcess, type Launched, type LaunchOptions } from "./runs.ts";
import type { PodSetup, RunHereOptions, RunResult } from "./runs.ts";
import { TestSource } from "./test-source.ts";
import { TestVault } from "./test-vault.ts";
import { VaultProxy, type ProxyHook } from "./vault-proxy.ts";

/** A cluster's API server, a Vault, an Azure and the bundle, as the bundle meets them in its pod. */
export class BootstrapRig {
  readonly home: LocalHome;
  readonly cluster: TestCluster;
  readonly vault: TestVault;
  readonly source: TestSource;
  readonly #files: string;
  readonly #proxies: VaultProxy[] = [];
  readonly #homes: LocalHome[] = [];

  private constructor(home: LocalHome, cluster: TestCluster, source: TestSource, files: string) {
    this.home = home;
    this.cluster = cluster;
    this.vault = new TestVault(home, cluster);
    this.source = source;
    this.#files = files;
  }

  /** Everything serves; Vault is not initialised. */
  static async start(): Promise<BootstrapRig> {
    const binaries = await testBinaries();
    const home = await temporaryHome();
    const [bundle] = await Promise.all([
      bundleBootstrap(join(import.meta.dirname, "..", "..")),
      startServers(home, binaries, { only: ["kube-apiserver", "openbao"] }),
    ]);
    const cluster = new TestCluster(home);
    const { body: clusterJwks } = await cluster.call("GET", "/openid/v1/jwks");
    const dir = join(home.dir, "azure-of-test");
    const source = await TestSource.start({ dir, clusterIssuer: home.kubernetesUrl, clusterJwks });
    const rig = new BootstrapRig(home, cluster, source, join(home.dir, "bootstrap"));
    await cluster.make(rig.config());
    await rig.#mountFiles(bundle);
    return rig;
  }

  async #mountFiles(bundle: string): Promise<void> {
    mkdirSync(join(this.#files, "serviceaccount"), { mode: 0o700, recursive: true });
    this.file("vault-bootstrap.cjs", bundle);
    this.file("serviceaccount/token", await this.cluster.serviceAccountToken());
    this.file("serviceaccount/ca.crt", readFileSync(this.home.kubernetes.caCertificate, "utf8"));
    this.file("azure-identity-token", await this.cluster.serviceAccountToken(azureAudience));
    this.file("azure-ca.pem", this.azure.caPem);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    this.vault.close();
    await this.source.close();
    await Promise.all([this.home, ...this.#homes].map(forget));
  }

  get azure(): AzureStandIn {
    return this.source.azure;
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
      deliveries: [],
      fixtures: { values: ["minioadmin", "lf_api_*"], placeholders: ["CHANGEME", "placeholder_*"] },
      fixturesAllowed: true,
      expiredRefused: false,
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
      rootToken: "stored",
      credentialsSecret: "vault-auto-credentials",
      ...changes,
    };
  }

  /** Starts the bundle as its pod would. */
  launch(config: BootstrapConfig, options: LaunchOptions = {}): Launched {
    return launchBundle(this.#place(), config, options);
  }

  async run(config: BootstrapConfig, options: LaunchOptions = {}): Promise<RunResult> {
    return await this.launch(config, options).result;
  }

  /** The same run inside this process, where its waits can be shortened and its stop chosen. */
  async runHere(config: BootstrapConfig, options: RunHereOptions = {}): Promise<RunResult> {
    return await runInProcess(this.#place(), config, options);
  }

  #place(): PodSetup {
    const { home, azure, source } = this;
    const bundle = join(this.#files, "vault-bootstrap.cjs");
    return { home, azure, clientId: source.clientId, files: this.#files, bundle };
  }

  /** Initialises and unseals by the bootstrap itself, then makes what `up` makes of Vault. */
  async openVault(config: BootstrapConfig): Promise<void> {
    const { code, text } = await this.run(config, { args: ["--until=unsealed"] });
    if (code !== 0) throw new Error(text);
    await this.vault.make(config);
  }

  /** A second Vault, not initialised; the tests share the first one. */
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

  /** An API server that behaves as `hook` says; for {@link runHere}, since a pod asks by TLS alone. */
  async kubernetesProxy(hook: ProxyHook): Promise<string> {
    const ca = readFileSync(this.home.kubernetes.caCertificate, "utf8");
    const proxy = await VaultProxy.start(this.home.kubernetesUrl, hook, ca);
    this.#proxies.push(proxy);
    return proxy.address;
  }

  /** A file of the pod, such as a token that is not one. */
  file(name: string, content: string): string {
    const path = join(this.#files, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }
}
