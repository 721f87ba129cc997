import { ClusterRoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { AuthBackend } from "@pulumi/vault/authBackend.js";
import { AuthBackendConfig, AuthBackendRole } from "@pulumi/vault/kubernetes/index.js";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { tokenReviewBinding } from "../domain/manifests/token-review.ts";
import { authBackendInputs, authConfigInputs, authRoleInputs } from "../domain/resources/vault-inputs.ts";
import { vaultRoles } from "../domain/resources/vault-roles.ts";

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
    if (stack.strictness.delivery === "pulumi") {
      new ClusterRoleBinding(`${name}-token-review`, tokenReviewBinding(stack), child);
    }
    const lasting = { ...child, protect, retainOnDelete: protect };
    const backend = new AuthBackend(`${name}-backend`, authBackendInputs(stack), lasting);
    const inBackend = { ...child, dependsOn: backend };
    new AuthBackendConfig(`${name}-config`, authConfigInputs(stack), inBackend);
    for (const role of vaultRoles(stack)) {
      new AuthBackendRole(`${name}-${role.name}`, authRoleInputs(stack, role), inBackend);
    }

    this.mount = backend.path;
    this.registerOutputs({ mount: this.mount });
  }
}
