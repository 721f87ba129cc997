import type { AzureTarget, EnvironmentStack, SharedStack, StackPlan } from "../plan/environment.ts";
import * as azureInputs from "./azure-inputs.ts";
import * as to from "./vault-inputs.ts";
import { githubAuthMount, githubRoles, vaultPolicies, vaultRoles } from "./vault-policies.ts";

/** A resource that a stack registers, or an object that ArgoCD applies for it, before anything is registered. */
export interface PlannedResource {
  /** Pulumi's type token, such as `azure-native:keyvault:Secret`. */
  readonly type: string;
  /** The object's own name; `namespace/name` in Kubernetes. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  /** Name in the program, such as `vault-engine-kv`, of a resource that a stack can adopt; see `adoptables`. */
  readonly adoptAs?: string;
  /** The provider's id; left out where Azure or whoever created it chose a part of it. */
  readonly id?: string;
}

export interface Placeholders {
  /** Known only once another resource was created, such as the identity's client id. */
  readonly unknown: string;
  /** A secret's value, which is marked secret when it is registered. */
  readonly secret: unknown;
}

/** What the stack will register in Azure and Vault, in the order of the pipeline. No secret's value is among the inputs. */
export function cloudResources(plan: StackPlan, placeholders: Placeholders): readonly PlannedResource[] {
  if (plan.kind === "shared") return sharedResources(plan, placeholders);
  const { azure, federated, shared, strictness } = plan;
  const group = {
    type: "azure-native:resources:ResourceGroup",
    name: azure.resourceGroup,
    inputs: azureInputs.resourceGroupInputs(azure),
  };
  return [
    ...(strictness.makesNamespaces ? [group] : []),
    ...(shared === undefined ? [] : sharedResources(shared, placeholders)),
    federatedCredential(azure, shared === undefined ? azure.identity : placeholders.unknown, federated),
    ...vaultResources(plan),
  ];
}

/** Secrets are among them only where a state holds their values: nowhere else are they resources. */
function sharedResources(
  { azure, protect, keyVaultSecrets }: SharedStack,
  { unknown, secret }: Placeholders,
): readonly PlannedResource[] {
  return [
    {
      type: "azure-native:keyvault:Vault",
      name: azure.keyVault,
      inputs: azureInputs.keyVaultInputs(azure),
      protect,
      adoptAs: "key-vault-vault",
      id: azureInputs.keyVaultId(azure),
    },
    ...[...keyVaultSecrets.keys()].map((name) => ({
      type: "azure-native:keyvault:Secret",
      name,
      inputs: azureInputs.keyVaultSecretInputs(azure, name, secret),
      protect,
      adoptAs: keyVaultSecretResource(name),
      id: azureInputs.keyVaultSecretId(azure, name),
    })),
    {
      type: "azure-native:managedidentity:UserAssignedIdentity",
      name: azure.identity,
      inputs: azureInputs.identityInputs(azure),
      protect,
      adoptAs: "identity-identity",
      id: azureInputs.identityId(azure),
    },
    {
      type: "azure-native:authorization:RoleAssignment",
      name: azure.identity,
      inputs: azureInputs.secretsUserInputs(azure, { name: unknown, keyVaultId: unknown, principalId: unknown }),
      adoptAs: "identity-secrets-user",
    },
  ];
}

export function keyVaultSecretResource(name: string): string {
  return `key-vault-${name}`;
}

/** One credential; the shared stack judges those of all environments together. */
export function federatedCredential(
  azure: AzureTarget,
  identityName: string,
  subject: EnvironmentStack["federated"],
): PlannedResource {
  return {
    type: "azure-native:managedidentity:FederatedIdentityCredential",
    name: subject.name,
    inputs: azureInputs.federatedCredentialInputs(azure, identityName, subject),
    adoptAs: `federation-${subject.name}`,
  };
}

/** Ids as HashiCorp's provider has them (registry.terraform.io/providers/hashicorp/vault, "Import" of each resource). */
function vaultResources(stack: EnvironmentStack): readonly PlannedResource[] {
  const { vault, strictness } = stack;
  const { mount, authMount } = vault;
  type Row = readonly [type: string, name: string, inputs: PlannedResource["inputs"], adoptAs: string, id: string];
  const auth = "kubernetes/authBackend";
  const backend = to.githubBackendInputs(stack);
  const githubBackend: Row = [
    "jwt/authBackend:AuthBackend",
    githubAuthMount,
    backend,
    "github-backend",
    githubAuthMount,
  ];
  const rows: readonly Row[] = [
    ["index/mount:Mount", mount, to.kvMountInputs(stack), "engine-kv", mount],
    ["kv/secretBackendV2:SecretBackendV2", mount, to.kvConfigInputs(stack), "engine-kv-config", `${mount}/config`],
    ...vaultPolicies(stack).map(({ name, policy }): Row => {
      return ["index/policy:Policy", name, { name, policy }, `engine-${name}`, name];
    }),
    ["index/authBackend:AuthBackend", authMount, to.authBackendInputs(stack), "auth-backend", authMount],
    [
      `${auth}Config:AuthBackendConfig`,
      authMount,
      to.authConfigInputs(stack),
      "auth-config",
      `auth/${authMount}/config`,
    ],
    ...vaultRoles(stack).map((role): Row => {
      const { name } = role;
      const id = `auth/${authMount}/role/${name}`;
      return [`${auth}Role:AuthBackendRole`, name, to.authRoleInputs(stack, role), `auth-${name}`, id];
    }),
    ...(vault.githubLogin === undefined ? [] : [githubBackend]),
    ...githubRoles(stack).map((role): Row => {
      const { name } = role;
      const id = `auth/${githubAuthMount}/role/${name}`;
      return ["jwt/authBackendRole:AuthBackendRole", name, to.githubRoleInputs(stack, role), `github-${name}`, id];
    }),
  ];
  return [
    { type: "pulumi:providers:vault", name: "vault", inputs: to.vaultProviderInputs(vault) },
    ...rows.map(([type, name, inputs, adoptAs, id]) => ({
      type: `vault:${type}`,
      name,
      inputs,
      protect: strictness.protect && (adoptAs === "engine-kv" || adoptAs === "auth-backend"),
      adoptAs: `vault-${adoptAs}`,
      id,
    })),
  ];
}
