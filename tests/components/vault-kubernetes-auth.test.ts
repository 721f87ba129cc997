import assert from "node:assert/strict";
import { VaultKubernetesAuth } from "../../components/vault.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { recordStack } from "../support/record-stack.ts";
import { environmentStack, localStack } from "../support/stacks.ts";

async function record(stack: EnvironmentStack) {
  const created = await recordStack(() => new VaultKubernetesAuth("auth", { stack }));
  return { created, named: (name: string) => created.find((one) => one.name === name) };
}

const bootstrapName = "foundation-vault-bootstrap-vault-bootstrap";

describe("VaultKubernetesAuth", () => {
  it("creates mount, configuration, one role per consumer and the right to review tokens", async () => {
    const { created } = await record(environmentStack());
    assert.deepEqual(created.map(({ type, name }) => `${type} ${name}`).toSorted(), [
      "ameide-secrets:vault:VaultKubernetesAuth auth",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding auth-token-review",
      "vault:index/authBackend:AuthBackend auth-backend",
      "vault:kubernetes/authBackendConfig:AuthBackendConfig auth-config",
      "vault:kubernetes/authBackendRole:AuthBackendRole auth-ameide-secrets-bootstrap",
      "vault:kubernetes/authBackendRole:AuthBackendRole auth-ameide-secrets-keycloak-client-patcher",
      "vault:kubernetes/authBackendRole:AuthBackendRole auth-ameide-secrets-reader-ameide-dev",
      "vault:kubernetes/authBackendRole:AuthBackendRole auth-ameide-secrets-reader-argocd",
    ]);
  });

  it("configures Vault to review tokens with its own account: no reviewer token, no CA, no issuer check", async () => {
    assert.deepEqual((await record(environmentStack())).named("auth-config")?.inputs, {
      backend: "kubernetes",
      kubernetesHost: "https://kubernetes.default.svc",
      disableIssValidation: true,
      disableLocalCaJwt: false,
    });
  });

  it("gives a Vault outside a pod the cluster's CA and no account of its own", async () => {
    assert.deepEqual((await record(localStack())).named("auth-config")?.inputs, {
      backend: "kubernetes",
      kubernetesHost: "https://127.0.0.1:28202",
      kubernetesCaCert: "PEM of the local CA",
      disableIssValidation: true,
      disableLocalCaJwt: true,
    });
  });

  it("binds each role to one account of one namespace, with explicit lifetimes and no audience", async () => {
    assert.deepEqual((await record(environmentStack())).named("auth-ameide-secrets-reader-argocd")?.inputs, {
      backend: "kubernetes",
      roleName: "ameide-secrets-reader-argocd",
      boundServiceAccountNames: ["ameide-vault-reader"],
      boundServiceAccountNamespaces: ["argocd"],
      tokenPolicies: ["ameide-secrets-reader-argocd"],
      tokenTtl: 1200,
      tokenMaxTtl: 1200,
    });
  });

  it("gives the bootstrap's tokens their own policy and not Vault's default one", async () => {
    const inputs = (await record(environmentStack())).named("auth-ameide-secrets-bootstrap")?.inputs;
    assert.deepEqual(inputs?.["tokenPolicies"], ["ameide-secrets-bootstrap"]);
    assert.equal(inputs?.["tokenNoDefaultPolicy"], true);
  });

  it("never binds a role to `default`, which any pod of the namespace has", async () => {
    const { created } = await record(environmentStack());
    const bound = created.flatMap(({ inputs }) => (inputs["boundServiceAccountNames"] ?? []) as string[]);
    assert.deepEqual(bound.toSorted(), [
      "ameide-vault-reader",
      "ameide-vault-reader",
      bootstrapName,
      "keycloak-client-patcher",
    ]);
  });

  it("allows Vault's account to review tokens, under a name that contains the environment", async () => {
    const binding = (await record(environmentStack("staging"))).named("auth-token-review");
    assert.deepEqual(binding?.inputs["metadata"], {
      name: "ameide-secrets-token-review-staging",
      labels: { "app.kubernetes.io/part-of": "ameide-secrets" },
    });
    assert.deepEqual(binding.inputs["subjects"], [
      { kind: "ServiceAccount", name: "vault-core-staging", namespace: "ameide-staging" },
    ]);
  });

  it("allows the consumers to review their own tokens if Vault has no account in the cluster", async () => {
    assert.deepEqual((await record(localStack())).named("auth-token-review")?.inputs["subjects"], [
      { kind: "ServiceAccount", name: bootstrapName, namespace: "ameide-local" },
      { kind: "ServiceAccount", name: "ameide-vault-reader", namespace: "ameide-local" },
      { kind: "ServiceAccount", name: "ameide-vault-reader", namespace: "argocd" },
    ]);
  });

  it("creates nothing in the cluster if ArgoCD does", async () => {
    const stack = environmentStack();
    const gitops = { ...stack, strictness: { ...stack.strictness, delivery: "gitops" as const } };
    const { created } = await record(gitops);
    assert.deepEqual(
      created.filter(({ type }) => type.startsWith("kubernetes:")),
      [],
    );
  });

  it("protects and retains the mount, but not its roles", async () => {
    const { created } = await record(environmentStack());
    const lasting = created.filter(({ options }) => options.protect && options.retainOnDelete);
    assert.deepEqual(
      lasting.map(({ name }) => name),
      ["auth-backend"],
    );
  });
});
