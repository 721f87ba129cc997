import { admissionGuards } from "../manifests/admission.ts";
import {
  bootstrapRole,
  bootstrapRoleBinding,
  bootstrapServiceAccount,
  deliveryAccess,
} from "../manifests/bootstrap-access.ts";
import { bootstrapConfigMap, bootstrapCronJob, bootstrapSyncJob } from "../manifests/bootstrap.ts";
import { externalSecret, pullSecretPatches } from "../manifests/external-secret.ts";
import { namespaces, readerServiceAccount, secretStore, tokenReviewBinding } from "../manifests/secret-store.ts";
import type { AzurePlace, EnvironmentStack, SharedStack, StackPlan } from "../plan/environment.ts";
import {
  federatedCredentialInputs,
  identityInputs,
  keyVaultInputs,
  keyVaultSecretInputs,
  resourceGroupInputs,
  secretsUserInputs,
} from "./azure-inputs.ts";
import {
  authBackendInputs,
  authConfigInputs,
  authRoleInputs,
  githubBackendInputs,
  githubRoleInputs,
  kvConfigInputs,
  kvMountInputs,
  policiesOf,
  policyInputs,
  vaultProviderInputs,
} from "./vault-inputs.ts";
import { githubAuthMount, githubRoles, vaultRoles } from "./vault-policies.ts";

/** A resource that a stack registers, or an object that ArgoCD applies for it, before anything is registered. */
export interface PlannedResource {
  /** Pulumi's type token, such as `azure-native:keyvault:Secret`. */
  readonly type: string;
  /** The object's own name; `namespace/name` in Kubernetes. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
}

/** Placeholders in the inputs for values that are not part of the plan. */
export interface Placeholders {
  /** Known only once another resource was created, such as the identity's client id. */
  readonly unknown: string;
  /** A secret's value, which is marked secret when it is registered. */
  readonly secret: unknown;
}

/** Everything that the stack will register, in the order of the pipeline. No secret's value is among the inputs. */
export function plannedResources(plan: StackPlan, placeholders: Placeholders): readonly PlannedResource[] {
  return plan.kind === "shared" ? sharedResources(plan, placeholders) : environmentResources(plan, placeholders);
}

function sharedResources(
  { azure, protect, keyVaultSecrets }: SharedStack,
  { unknown, secret }: Placeholders,
): readonly PlannedResource[] {
  const resource = (type: string, name: string, inputs: object) => planned(type, name, inputs, protect);
  return [
    resource("azure-native:keyvault:Vault", azure.keyVault, keyVaultInputs(azure)),
    ...[...keyVaultSecrets.keys()].map((name) =>
      resource("azure-native:keyvault:Secret", name, keyVaultSecretInputs(azure, name, secret)),
    ),
    resource("azure-native:managedidentity:UserAssignedIdentity", azure.identity, identityInputs(azure)),
    planned(
      "azure-native:authorization:RoleAssignment",
      azure.identity,
      secretsUserInputs(azure, { name: unknown, keyVaultId: unknown, principalId: unknown }),
      false,
    ),
  ];
}

/** One credential; the shared stack judges those of all environments together. */
export function federatedCredential<T>(
  azure: AzurePlace,
  identityName: T,
  subject: EnvironmentStack["federated"],
): PlannedResource {
  const inputs = federatedCredentialInputs(azure, identityName, subject);
  return planned("azure-native:managedidentity:FederatedIdentityCredential", subject.name, inputs, false);
}

function environmentResources(stack: EnvironmentStack, placeholders: Placeholders): readonly PlannedResource[] {
  const { azure, federated, shared, strictness } = stack;
  const group = planned("azure-native:resources:ResourceGroup", azure.resourceGroup, resourceGroupInputs(azure), false);
  return [
    ...(strictness.makesNamespaces ? [group] : []),
    ...(shared === undefined ? [] : sharedResources(shared, placeholders)),
    federatedCredential(azure, shared === undefined ? azure.identity : placeholders.unknown, federated),
    ...vaultResources(stack),
    ...kubernetesObjects(stack, placeholders.unknown).map((object) => {
      const { type = object.kind, ...inputs } = object;
      const { apiVersion, metadata } = inputs;
      const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
      const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
      return planned(`kubernetes:${group}:${type}`, name, inputs, false);
    }),
  ];
}

function vaultResources(stack: EnvironmentStack): readonly PlannedResource[] {
  const { vault, strictness } = stack;
  const { protect } = strictness;
  return [
    planned("pulumi:providers:vault", "vault", vaultProviderInputs(vault), false),
    planned("vault:index/mount:Mount", vault.mount, kvMountInputs(stack), protect),
    planned("vault:kv/secretBackendV2:SecretBackendV2", vault.mount, kvConfigInputs(stack), false),
    ...policiesOf(stack).map((policy) =>
      planned("vault:index/policy:Policy", policy.name, policyInputs(policy), false),
    ),
    planned("vault:index/authBackend:AuthBackend", vault.authMount, authBackendInputs(stack), protect),
    planned("vault:kubernetes/authBackendConfig:AuthBackendConfig", vault.authMount, authConfigInputs(stack), false),
    ...vaultRoles(stack).map((role) =>
      planned("vault:kubernetes/authBackendRole:AuthBackendRole", role.name, authRoleInputs(stack, role), false),
    ),
    ...(vault.githubLogin === undefined
      ? []
      : [planned("vault:jwt/authBackend:AuthBackend", githubAuthMount, githubBackendInputs(stack), false)]),
    ...githubRoles(stack).map((role) =>
      planned("vault:jwt/authBackendRole:AuthBackendRole", role.name, githubRoleInputs(stack, role), false),
    ),
  ];
}

interface KubernetesObject {
  /** The last part of Pulumi's type token, where it is not the kind. */
  readonly type?: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function kubernetesObjects(stack: EnvironmentStack, unknown: string): readonly KubernetesObject[] {
  const { plan, strictness, bootstrap } = stack;
  return [
    ...(strictness.makesNamespaces ? namespaces(stack) : []),
    tokenReviewBinding(stack),
    bootstrapServiceAccount(stack, unknown),
    bootstrapRole(stack),
    bootstrapRoleBinding(stack),
    ...deliveryAccess(stack).flatMap(({ role, binding }) => [role, binding]),
    bootstrapConfigMap(stack),
    bootstrapCronJob(stack, unknown),
    ...(strictness.delivery === "pulumi"
      ? [bootstrapSyncJob(stack, unknown, `${bootstrap.name}-sync-${unknown}`)]
      : []),
    ...admissionGuards(stack).flatMap(({ policy, binding }) => [policy, binding]),
    ...plan.stores.flatMap((store) => [readerServiceAccount(store), secretStore(store, stack)]),
    ...plan.deliveries.map((delivery) => externalSecret(delivery, unknown)),
    ...pullSecretPatches(plan.deliveries).map((patch) => ({ ...patch, type: "ServiceAccountPatch" })),
  ];
}

function planned(type: string, name: string, inputs: object, protect: boolean): PlannedResource {
  return { type, name, inputs: { ...inputs }, protect };
}
