import { ClusterRoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { AuthBackend } from "@pulumi/vault/authBackend.js";
import { AuthBackendConfig, AuthBackendRole } from "@pulumi/vault/kubernetes/index.js";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { kubernetesAuthConfig } from "../domain/resources/kubernetes-auth-config.ts";
import { tokenReviewBinding } from "../domain/manifests/token-review.ts";
import { vaultRoles, type VaultRole } from "../domain/resources/vault-roles.ts";

export interface VaultKubernetesAuthArgs {
  readonly stack: EnvironmentStack;
}

/**
 * How accounts of the cluster log in to Vault. Vault reviews their tokens by its own account: a pinned reviewer token
 * comes from some pod and dies with it, and then every store of the environment gets 403 (450).
 */
export class VaultKubernetesAuth extends pulumi.ComponentResource {
  readonly mount: pulumi.Output<string>;

  constructor(name: string, { stack }: VaultKubernetesAuthArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:vault:VaultKubernetesAuth", name, {}, opts);
    const { protect } = stack.strictness;
    const child = { parent: this };
    if (stack.strictness.delivery === "pulumi") tokenReview(name, stack, child);
    const backend = authMount(name, stack, { ...child, protect, retainOnDelete: protect });
    authConfiguration(name, stack, { ...child, dependsOn: backend });
    for (const role of vaultRoles(stack)) authRole(name, stack, role, { ...child, dependsOn: backend });

    this.mount = backend.path;
    this.registerOutputs({ mount: this.mount });
  }
}

function tokenReview(name: string, stack: EnvironmentStack, opts: pulumi.CustomResourceOptions): ClusterRoleBinding {
  return new ClusterRoleBinding(`${name}-token-review`, tokenReviewBinding(stack), opts);
}

function authMount(name: string, { vault }: EnvironmentStack, opts: pulumi.CustomResourceOptions): AuthBackend {
  return new AuthBackend(
    `${name}-backend`,
    { type: "kubernetes", path: vault.authMount, description: "ServiceAccounts of the cluster" },
    opts,
  );
}

function authConfiguration(
  name: string,
  stack: EnvironmentStack,
  opts: pulumi.CustomResourceOptions,
): AuthBackendConfig {
  return new AuthBackendConfig(
    `${name}-config`,
    { backend: stack.vault.authMount, ...kubernetesAuthConfig(stack) },
    opts,
  );
}

/** No audience: a role that asks for one refuses every store that does not ask for the same (450). */
function authRole(
  name: string,
  { vault, strictness }: EnvironmentStack,
  role: VaultRole,
  opts: pulumi.CustomResourceOptions,
): AuthBackendRole {
  return new AuthBackendRole(
    `${name}-${role.name}`,
    {
      backend: vault.authMount,
      roleName: role.name,
      boundServiceAccountNames: [role.serviceAccount],
      boundServiceAccountNamespaces: [role.namespace],
      tokenPolicies: [role.policy],
      ...(role.noDefaultPolicy === undefined ? {} : { tokenNoDefaultPolicy: role.noDefaultPolicy }),
      tokenTtl: strictness.tokenTtlInSeconds,
      tokenMaxTtl: strictness.tokenTtlInSeconds,
    },
    opts,
  );
}
