import assert from "node:assert/strict";
import { RoleAssignment } from "@pulumi/azure-native/authorization/index.js";
import { Secret, Vault } from "@pulumi/azure-native/keyvault/index.js";
import { FederatedIdentityCredential, UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/index.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/index.js";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { ConfigMap, ServiceAccount, ServiceAccountPatch } from "@pulumi/kubernetes/core/v1/index.js";
import { secret } from "@pulumi/pulumi";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { AuthBackend, Mount, Policy } from "@pulumi/vault";
import { AuthBackendConfig, AuthBackendRole } from "@pulumi/vault/kubernetes/index.js";
import { stepsOf, useEngine } from "../support/engine.ts";

describe("providers offline, under the real engine", function () {
  this.timeout(120_000);
  const engine = useEngine("dev");

  /** One of each kind, each fed by the outputs of the one before, which no preview knows. */
  function everyType(): Promise<Record<string, unknown>> {
    const group = new ResourceGroup("group", { resourceGroupName: "Ameide", location: "westeurope" });
    const vault = new Vault("vault", {
      resourceGroupName: group.name,
      vaultName: "ameidekv",
      properties: { sku: { family: "A", name: "standard" }, tenantId: "72f988bf-86f1-41af-91ab-2d7cd011db47" },
    });
    new Secret("secret", {
      resourceGroupName: group.name,
      vaultName: vault.name,
      secretName: "env-ghcr-token",
      properties: { value: secret("canary") },
    });
    const identity = new UserAssignedIdentity("identity", { resourceGroupName: group.name, resourceName: "mi" });
    new FederatedIdentityCredential("federation", {
      resourceGroupName: group.name,
      resourceName: identity.name,
      issuer: "https://issuer",
      subject: "system:serviceaccount:a:b",
      audiences: ["api://AzureADTokenExchange"],
    });
    new RoleAssignment("assignment", {
      scope: vault.id,
      principalId: identity.principalId,
      principalType: "ServicePrincipal",
      roleDefinitionId: "role",
    });
    const mount = new Mount("mount", { path: "secret", type: "kv", options: { version: "2" } });
    const policy = new Policy("policy", { policy: mount.path.apply((path) => `path "${path}/*" {}`) });
    const backend = new AuthBackend("backend", { type: "kubernetes" });
    new AuthBackendConfig("config", { backend: backend.path, kubernetesHost: "https://kubernetes.default.svc" });
    new AuthBackendRole("role", {
      backend: backend.path,
      roleName: "reader",
      boundServiceAccountNames: ["reader"],
      boundServiceAccountNamespaces: ["ameide-dev"],
      tokenPolicies: [policy.name],
    });
    const account = new ServiceAccount("account", {
      metadata: { annotations: { "azure.workload.identity/client-id": identity.clientId } },
    });
    new ConfigMap("config-map", { data: { account: account.metadata.name } });
    new ServiceAccountPatch("patch", { metadata: { name: "default" }, imagePullSecrets: [{ name: "ghcr-pull" }] });
    new CustomResource("delivery", {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "delivery" },
      spec: { target: { name: mount.accessor } },
    });
    return Promise.resolve({ vaultUri: vault.properties.vaultUri, clientId: identity.clientId });
  }

  it("plans every type that the program uses, with outputs that are not known yet", async () => {
    const events: EngineEvent[] = [];
    const stack = await engine.open(everyType);
    await stack.preview({ onEvent: (event) => events.push(event) });
    assert.deepEqual(
      stepsOf(events)
        .filter((step) => !step.includes("pulumi:providers:"))
        .toSorted(),
      [
        "create azure-native:authorization:RoleAssignment assignment",
        "create azure-native:keyvault:Secret secret",
        "create azure-native:keyvault:Vault vault",
        "create azure-native:managedidentity:FederatedIdentityCredential federation",
        "create azure-native:managedidentity:UserAssignedIdentity identity",
        "create azure-native:resources:ResourceGroup group",
        "create kubernetes:core/v1:ConfigMap config-map",
        "create kubernetes:core/v1:ServiceAccount account",
        "create kubernetes:core/v1:ServiceAccountPatch patch",
        "create kubernetes:external-secrets.io/v1:ExternalSecret delivery",
        "create vault:index/authBackend:AuthBackend backend",
        "create vault:index/mount:Mount mount",
        "create vault:index/policy:Policy policy",
        "create vault:kubernetes/authBackendConfig:AuthBackendConfig config",
        "create vault:kubernetes/authBackendRole:AuthBackendRole role",
      ],
    );
  });
});
