import { readFileSync } from "node:fs";
import type { BootstrapConfig, BootstrapStatus } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { bootstrapName } from "../../domain/names.ts";
import { bootstrapRole, bootstrapRoleBinding } from "../../domain/manifests/bootstrap-access.ts";
import type { LocalHome } from "../../local/home.ts";
import { exchange } from "../../clients/http.ts";
import { namespace } from "./azure-setup.ts";

// what the API server documents, read property by property in assertions
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

/** The cluster's API server, asked as its administrator. */
export class TestCluster {
  readonly #home: LocalHome;

  constructor(home: LocalHome) {
    this.#home = home;
  }

  /** Namespace, ServiceAccount and rights, as the program makes them. */
  async make(config: BootstrapConfig): Promise<void> {
    await this.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await this.call("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: bootstrapName } });
    const stack = { bootstrap: { name: bootstrapName, config }, namespace } as EnvironmentStack;
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await this.call("POST", `${rbac}/roles`, bootstrapRole(stack));
    await this.call("POST", `${rbac}/rolebindings`, bootstrapRoleBinding(stack));
    // outside a pod Vault reviews a token by that very token
    await this.call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "test-reviewers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name: bootstrapName, namespace }],
    });
  }

  async call(method: string, path: string, body?: object): Promise<{ status: number; body: Json }> {
    const { caCertificate, adminCertificate, adminKey } = this.#home.kubernetes;
    const answer = await exchange(`${this.#home.kubernetesUrl}${path}`, {
      method,
      timeoutInMs: 30_000,
      ca: readFileSync(caCertificate),
      cert: readFileSync(adminCertificate),
      key: readFileSync(adminKey),
      headers: { accept: "*/*", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: JSON.parse(answer.body) };
  }

  async serviceAccountToken(audience?: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${bootstrapName}/token`;
    const spec = { expirationSeconds: 3600, ...(audience === undefined ? {} : { audiences: [audience] }) };
    return String((await this.call("POST", path, { spec })).body.status.token);
  }

  /** What the Role gives where the source is a Kubernetes Secret. */
  async allowSecret(name: string): Promise<void> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await this.call("POST", `${rbac}/roles`, {
      metadata: { name },
      rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [name], verbs: ["get"] }],
    });
    await this.call("POST", `${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: bootstrapName, namespace }],
    });
  }

  /** What the last run reported. */
  async status(): Promise<BootstrapStatus | undefined> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/vault-bootstrap-status`;
    const { status, body } = await this.call("GET", path);
    return status === 404 ? undefined : (JSON.parse(body.data.status) as BootstrapStatus);
  }

  /** Writes `text` into the status of the last run; `undefined` removes the status. */
  async setStatus(text: string | undefined): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    await this.call("DELETE", `${path}/vault-bootstrap-status`);
    if (text === undefined) return;
    await this.call("POST", path, { metadata: { name: "vault-bootstrap-status" }, data: { status: text } });
  }

  /** Ends the Lease of a run that was killed, as half a minute would. */
  async endLease(): Promise<void> {
    await this.call("DELETE", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/vault-bootstrap`);
  }
}
