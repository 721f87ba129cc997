import * as pulumi from "@pulumi/pulumi";
import { ClusterRoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import { AuthBackend } from "@pulumi/vault/authBackend.js";
import { AuthBackend as JwtAuthBackend } from "@pulumi/vault/jwt/authBackend.js";
import { AuthBackendRole as JwtAuthBackendRole } from "@pulumi/vault/jwt/authBackendRole.js";
import { AuthBackendConfig, AuthBackendRole } from "@pulumi/vault/kubernetes/index.js";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { tokenReviewBinding } from "../domain/manifests/secret-store.ts";
import * as inputs from "../domain/resources/vault-inputs.ts";
import { githubRoles, vaultPolicies, vaultRoles } from "../domain/resources/vault-policies.ts";
import { SecretBackendV2 } from "@pulumi/vault/kv/index.js";
import { Mount } from "@pulumi/vault/mount.js";
import { Policy } from "@pulumi/vault/policy.js";

type StackArgs = Readonly<Record<"stack", EnvironmentStack>>;

/** Where secrets are stored in an environment, and who may do what with them. */
export class VaultEngine extends pulumi.ComponentResource {
  constructor(name: string, { stack }: StackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:vault:VaultEngine", name, {}, opts);
    const { protect } = stack.strictness;
    const child = { parent: this };
    const mount = new Mount(`${name}-kv`, inputs.kvMountInputs(stack), { ...child, protect, retainOnDelete: protect });
    new SecretBackendV2(`${name}-kv-config`, inputs.kvConfigInputs(stack), { ...child, dependsOn: mount });
    for (const policy of vaultPolicies(stack)) new Policy(`${name}-${policy.name}`, policy, child);
    this.registerOutputs({ mount: mount.path });
  }
}

/** How accounts of the cluster log in to Vault, which reviews their tokens by its own account. */
export class VaultKubernetesAuth extends pulumi.ComponentResource {
  constructor(name: string, { stack }: StackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:vault:VaultKubernetesAuth", name, {}, opts);
    const { protect, delivery } = stack.strictness;
    const child = { parent: this };
    if (delivery === "pulumi") new ClusterRoleBinding(`${name}-token-review`, tokenReviewBinding(stack), child);
    const lasting = { ...child, protect, retainOnDelete: protect };
    const backend = new AuthBackend(`${name}-backend`, inputs.authBackendInputs(stack), lasting);
    const inBackend = { ...child, dependsOn: backend };
    new AuthBackendConfig(`${name}-config`, inputs.authConfigInputs(stack), inBackend);
    for (const role of vaultRoles(stack)) {
      new AuthBackendRole(`${name}-${role.name}`, inputs.authRoleInputs(stack, role), inBackend);
    }
    this.registerOutputs({ mount: backend.path });
  }
}

/** How jobs of GitHub Actions log in to Vault, so that no token is stored at GitHub. Holds no value: it may be removed. */
export class VaultGithubLogin extends pulumi.ComponentResource {
  constructor(name: string, { stack }: StackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:vault:VaultGithubLogin", name, {}, opts);
    const backend = new JwtAuthBackend(`${name}-backend`, inputs.githubBackendInputs(stack), { parent: this });
    for (const role of githubRoles(stack)) {
      const inBackend = { parent: this, dependsOn: backend };
      new JwtAuthBackendRole(`${name}-${role.name}`, inputs.githubRoleInputs(stack, role), inBackend);
    }
    this.registerOutputs();
  }
}
