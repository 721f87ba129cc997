import { kubernetesAuthConfig } from "../domain/resources/kubernetes-auth-config.ts";
import type { EnvironmentStack, FederatedSubject, SharedStack, StackPlan } from "../domain/plan/environment.ts";
import { bootstrapServiceAccount } from "../domain/manifests/bootstrap-access.ts";
import { bootstrapConfigMap, bootstrapCronJob } from "../domain/manifests/bootstrap.ts";
import { externalSecret } from "../domain/manifests/external-secret.ts";
import { secretStore } from "../domain/manifests/secret-store.ts";
import { vaultPolicies } from "../domain/resources/vault-policies.ts";
import { vaultRoles } from "../domain/resources/vault-roles.ts";
import { subjectsOfResource } from "./subject/from-resource.ts";
import { markedSecret, unknownValue } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/** What a plan will register, in the shape that rules judge; what only a resource will know is unknown. */
export function subjectsOfPlan(plan: StackPlan): readonly Subject[] {
  const resources = plan.kind === "shared" ? sharedResources(plan) : environmentResources(plan);
  return resources.flatMap(({ type, name, props }) =>
    subjectsOfResource({ type, name, urn: `plan::${type}::${name}`, props }),
  );
}

interface Planned {
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

function sharedResources({ azure, keyVaultSecrets, federatedSubjects }: SharedStack): readonly Planned[] {
  return [
    ...[...keyVaultSecrets].map(([secretName]) => ({
      type: "azure-native:keyvault:Secret",
      name: secretName,
      props: { vaultName: azure.keyVault, secretName, properties: { value: markedSecret } },
    })),
    ...federatedSubjects.map((subject) => federatedCredential(subject, azure)),
  ];
}

/** The shared stack judges the credentials of all environments together; an environment judges its own. */
function federatedCredential(
  { name, issuer, subject, audience }: FederatedSubject,
  { resourceGroup, identity }: SharedStack["azure"],
): Planned {
  return {
    type: "azure-native:managedidentity:FederatedIdentityCredential",
    name,
    props: {
      federatedIdentityCredentialResourceName: name,
      resourceGroupName: resourceGroup,
      resourceName: identity,
      issuer,
      subject,
      audiences: [audience],
    },
  };
}

function environmentResources(stack: EnvironmentStack): readonly Planned[] {
  const { plan, azure, federated, vault, strictness, bootstrap } = stack;
  const manifests = [
    ...plan.stores.map((store) => secretStore(store, stack)),
    ...plan.deliveries.map((delivery) => externalSecret(delivery, unknownValue)),
    bootstrapServiceAccount(stack, unknownValue),
    bootstrapConfigMap(stack),
    bootstrapCronJob(stack, unknownValue),
  ];
  return [
    ...(stack.shared === undefined ? [] : sharedResources({ ...stack.shared, federatedSubjects: [] })),
    federatedCredential(federated, azure),
    authConfig(stack),
    ...vaultRoles(stack).map((role) => ({
      type: "vault:kubernetes/authBackendRole:AuthBackendRole",
      name: role.name,
      props: {
        roleName: role.name,
        boundServiceAccountNames: [role.serviceAccount],
        boundServiceAccountNamespaces: [role.namespace],
        tokenPolicies: [role.policy],
        tokenTtl: strictness.tokenTtlInSeconds,
        tokenMaxTtl: strictness.tokenTtlInSeconds,
      },
    })),
    ...vaultPolicies({ plan, config: bootstrap.config, mayUnmount: !strictness.protect }).map((policy) => ({
      type: "vault:index/policy:Policy",
      name: policy.name,
      props: { name: policy.name, policy: policy.policy },
    })),
    ...manifests.map((manifest) => {
      const { apiVersion, kind, metadata } = manifest;
      const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
      return {
        type: `kubernetes:${group}:${kind}`,
        name: `${metadata.namespace}/${metadata.name}`,
        props: { ...manifest },
      };
    }),
    {
      type: "vault:index/mount:Mount",
      name: vault.mount,
      props: { path: vault.mount, type: "kv", options: { version: "2" } },
    },
  ];
}

function authConfig(stack: EnvironmentStack): Planned {
  return {
    type: "vault:kubernetes/authBackendConfig:AuthBackendConfig",
    name: stack.vault.authMount,
    props: { ...kubernetesAuthConfig(stack) },
  };
}
