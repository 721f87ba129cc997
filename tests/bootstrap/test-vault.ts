import { readFileSync } from "node:fs";
import { VaultClient } from "../../clients/vault.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { bootstrapName } from "../../domain/names.ts";
import { vaultPolicies, vaultRoles } from "../../domain/resources/vault-policies.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { VaultTarget } from "../../domain/vault-target.ts";
import type { LocalHome } from "../../local/home.ts";
import { namespace } from "./azure-setup.ts";
import type { TestCluster } from "./test-cluster.ts";

// what Vault documents, read property by property in assertions
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

/** Vault, asked as root once vault-bootstrap has initialised it. */
export class TestVault {
  readonly #home: LocalHome;
  readonly #cluster: TestCluster;
  readonly #vault: VaultClient;
  #rootToken: string | undefined;

  /** @param target - another Vault than the home's. */
  constructor(home: LocalHome, cluster: TestCluster, target: VaultTarget = { address: home.vaultUrl }) {
    this.#home = home;
    this.#cluster = cluster;
    this.#vault = new VaultClient({ ...target, connections: 16 });
  }

  /** What `up` makes of an open Vault: mount, auth method, roles, policies. */
  async make(config: BootstrapConfig): Promise<void> {
    const { mount, authMount } = config.vault;
    const mounted = await this.call("POST", `sys/mounts/${mount}`, { type: "kv", options: { version: "2" } });
    if (mounted.status !== 204)
      throw new Error(`sys/mounts/${mount}: ${mounted.status} ${JSON.stringify(mounted.body)}`);
    await this.call("POST", `sys/auth/${authMount}`, { type: "kubernetes" });
    await this.call("POST", `auth/${authMount}/config`, {
      kubernetes_host: this.#home.kubernetesUrl,
      kubernetes_ca_cert: readFileSync(this.#home.kubernetes.caCertificate, "utf8"),
      disable_local_ca_jwt: true,
    });
    await this.allow(config);
  }

  /** Writes the policies and roles that the components write for this configuration. */
  async allow(config: BootstrapConfig): Promise<void> {
    const { environment } = config;
    const plan = { environment, namespace, secrets: [], stores: [], deliveries: [], patcherPaths: [] };
    const bootstrap = { name: bootstrapName, config } as EnvironmentStack["bootstrap"];
    const policies = vaultPolicies({ plan, namespace, bootstrap });
    for (const role of vaultRoles({ plan, namespace, bootstrap })) {
      const policy = policies.find(({ name }) => name === role.policy)?.policy;
      await this.call("POST", `sys/policies/acl/${role.policy}`, { policy });
      await this.call("POST", `auth/${config.vault.authMount}/role/${role.name}`, {
        bound_service_account_names: [role.serviceAccount],
        bound_service_account_namespaces: [role.namespace],
        token_policies: [role.policy],
        token_no_default_policy: role.noDefaultPolicy ?? false,
        token_ttl: "600",
      });
    }
  }

  /** @param token - @default root's. */
  async call(method: string, path: string, body?: object, token?: string): Promise<{ status: number; body: Json }> {
    const answer = await this.#vault.send(method, path, {
      token: new Redacted(token ?? (await this.rootToken())),
      body,
    });
    return { status: answer.status, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  }

  /** Where it is not stored. */
  useRootToken(token: string): void {
    this.#rootToken = token;
  }

  async rootToken(): Promise<string> {
    if (this.#rootToken === undefined) {
      const path = `/api/v1/namespaces/${namespace}/secrets/vault-auto-credentials`;
      const { body } = await this.#cluster.call("GET", path);
      this.#rootToken = Buffer.from(String(body.data["root-token"]), "base64").toString();
    }
    return this.#rootToken;
  }

  /** @returns the value; `undefined` where there is none. */
  async value(path: string): Promise<string | undefined> {
    const { body } = await this.call("GET", `secret/data/${path}`);
    return body?.data?.data?.value;
  }

  async metadata(path: string): Promise<Json> {
    return (await this.call("GET", `secret/metadata/${path}`)).body?.data;
  }

  /** A write without CAS, as other writers make it. */
  async writePlainly(path: string, value: string): Promise<number> {
    return (await this.call("POST", `secret/data/${path}`, { data: { value } })).status;
  }

  close(): void {
    this.#vault.close();
  }
}
