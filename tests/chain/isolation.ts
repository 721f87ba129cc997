import assert from "node:assert/strict";
import { VaultClient } from "../../clients/vault.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { Redacted } from "../../domain/redacted.ts";
import { vaultRoles } from "../../domain/resources/vault-policies.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { callers, kubernetesCalls, logins, vaultCapabilities, type Caller } from "./isolation-table.ts";

const reviewers = "isolation-test-reviewers";
const otherEnvironment = "ameide-of-another-environment";

interface Isolated {
  readonly cluster: Cluster;
  readonly stack: EnvironmentStack;
  readonly rootToken: () => Promise<Redacted>;
}

/** Describes the tests of the table on an environment that is up. */
export function describeIsolation(open: () => Isolated): void {
  const roleOf = (caller: Caller) => {
    const { stack } = open();
    const role = vaultRoles(stack).find(({ namespace, serviceAccount }) => {
      if (caller === "vault-bootstrap") return serviceAccount === stack.bootstrap.name;
      if (caller === "keycloak-client-patcher") return serviceAccount === caller;
      const isStore = serviceAccount !== stack.bootstrap.name && serviceAccount !== "keycloak-client-patcher";
      return isStore && namespace === (caller === "store of argocd" ? "argocd" : stack.namespace);
    });
    assert.ok(role !== undefined, `no role of ${caller}`);
    return role;
  };
  /** Vault's answer to a login, as status and token. */
  const logIn = async (role: string, jwt: string) => {
    const { vault } = open().stack;
    const client = new VaultClient({ address: vault.operatorAddress });
    try {
      const { status, body } = await client.send("POST", `auth/${vault.authMount}/login`, { body: { role, jwt } });
      const { auth } = JSON.parse(body) as { readonly auth?: { readonly client_token: string } };
      return { status, token: auth?.client_token };
    } finally {
      client.close();
    }
  };
  const accountOf = (caller: Caller, from: string) => {
    const { namespace, serviceAccount } = roleOf(caller);
    const elsewhere = namespace === "argocd" ? open().stack.namespace : "argocd";
    if (from.startsWith("another account")) return { namespace, name: "isolation-test-other" };
    if (from.includes("argocd")) return { namespace: elsewhere, name: serviceAccount };
    if (from.includes("another environment")) return { namespace: otherEnvironment, name: serviceAccount };
    return { namespace, name: serviceAccount };
  };

  const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  // outside a pod Vault has each token reviewed by its own account: without this right a login is refused for that reason alone
  before(async () => {
    await open().cluster.create(bindings, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: reviewers },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:serviceaccounts" }],
    });
  });

  for (const caller of callers) {
    for (const [from, isAllowed] of Object.entries(logins)) {
      it(`Vault ${isAllowed ? "lets in" : "refuses"} ${from} with the role of ${caller}`, async () => {
        const { namespace, name } = accountOf(caller, from);
        const { status, token } = await logIn(roleOf(caller).name, await tokenOf(open().cluster, namespace, name));
        assert.deepEqual([status, token !== undefined], [isAllowed ? 200 : 403, isAllowed]);
      });
    }
    it(`gives the token of ${caller} exactly these rights in Vault`, async () => {
      const { namespace, name } = accountOf(caller, "its own account");
      const { token } = await logIn(roleOf(caller).name, await tokenOf(open().cluster, namespace, name));
      const client = new VaultClient({ address: open().stack.vault.operatorAddress, token: await open().rootToken() });
      const paths = Object.keys(vaultCapabilities);
      const { data } = await client.call<{ data: Record<string, string[]> }>("POST", "sys/capabilities", {
        body: { token, paths },
      });
      client.close();
      assert.deepEqual(
        Object.fromEntries(paths.map((path) => [path, data[path]?.join(", ")])),
        Object.fromEntries(paths.map((path) => [path, vaultCapabilities[path]?.[caller]])),
      );
    });
  }

  for (const { verb, resource, name, namespace, allowed } of kubernetesCalls) {
    const what = [verb, resource, name, namespace === undefined ? undefined : `of ${namespace}`].filter((word) => word !== undefined).join(" "); // prettier-ignore
    it(`the API server ${allowed ? "allows" : "refuses"} vault-bootstrap: ${what}`, async () => {
      const { cluster, stack } = open();
      const [full = "", subresource] = resource.split("/");
      const [plural, ...group] = full.split(".");
      const where = { argocd: "argocd", "another environment": otherEnvironment };
      const review = await cluster.create<{ status: { allowed: boolean } }>(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: `system:serviceaccount:${stack.namespace}:${stack.bootstrap.name}`,
            groups: ["system:serviceaccounts", `system:serviceaccounts:${stack.namespace}`, "system:authenticated"],
            resourceAttributes: {
              verb,
              group: group.join("."),
              resource: plural,
              ...(subresource !== undefined && { subresource }),
              ...(name !== undefined && { name }),
              namespace: namespace === undefined ? stack.namespace : where[namespace],
            },
          },
        },
      );
      assert.equal(review.status.allowed, allowed);
    });
  }
}

/** A token of an account, which is created if it does not exist, with its namespace. */
async function tokenOf(cluster: Cluster, namespace: string, name: string): Promise<string> {
  const make = async (path: string, kind: string, metadata: object): Promise<void> => {
    await cluster.create(path, { apiVersion: "v1", kind, metadata }).catch((error: unknown) => {
      if ((error as { status?: number }).status !== 409) throw error;
    });
  };
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await make("/api/v1/namespaces", "Namespace", { name: namespace });
  await make(accounts, "ServiceAccount", { name });
  const { status } = await cluster.create<{ status: { token: string } }>(`${accounts}/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {},
  });
  return status.token;
}
