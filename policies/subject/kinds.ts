import type { Kind } from "./subject.ts";

/** Pulumi's provider tokens, with the version of azure-native left out, to our kinds. */
const kindsOfToken: Readonly<Record<string, Kind>> = {
  "azure-native:keyvault:Vault": "KeyVault",
  "azure-native:keyvault:Secret": "KeyVaultSecret",
  "azure:keyvault/keyVault:KeyVault": "KeyVault",
  "azure:keyvault/secret:Secret": "KeyVaultSecret",
  "azure-native:managedidentity:UserAssignedIdentity": "ManagedIdentity",
  "azure-native:managedidentity:FederatedIdentityCredential": "FederatedCredential",
  "azure:armmsi/federatedIdentityCredential:FederatedIdentityCredential": "FederatedCredential",
  "azure-native:authorization:RoleAssignment": "RoleAssignment",
  "azure:authorization/assignment:Assignment": "RoleAssignment",
  "pulumi:providers:vault": "VaultProvider",
  "vault:index/mount:Mount": "VaultMount",
  "vault:kv/secretBackendV2:SecretBackendV2": "VaultMount",
  "vault:index/authBackend:AuthBackend": "VaultAuthBackend",
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": "VaultAuthConfig",
  "vault:kubernetes/authBackendRole:AuthBackendRole": "VaultAuthRole",
  "vault:index/policy:Policy": "VaultPolicy",
  "vault:kv/secretV2:SecretV2": "VaultSecret",
  "vault:kv/secret:Secret": "VaultSecret",
  "vault:generic/secret:Secret": "VaultSecret",
  "vault:generic/endpoint:Endpoint": "VaultSecret",
};

/** Kubernetes kinds by group and kind; the version is a rule's matter, not this table's. */
const kindsOfManifest: Readonly<Record<string, Kind>> = {
  "/Secret": "Secret",
  "/ConfigMap": "ConfigMap",
  "/ServiceAccount": "ServiceAccount",
  "/Pod": "Workload",
  "apps/Deployment": "Workload",
  "apps/StatefulSet": "Workload",
  "apps/DaemonSet": "Workload",
  "apps/ReplicaSet": "Workload",
  "batch/Job": "Workload",
  "batch/CronJob": "CronJob",
  "external-secrets.io/SecretStore": "SecretStore",
  "external-secrets.io/ClusterSecretStore": "ClusterSecretStore",
  "external-secrets.io/ExternalSecret": "ExternalSecret",
  "external-secrets.io/ClusterExternalSecret": "ClusterExternalSecret",
  "external-secrets.io/PushSecret": "PushSecret",
  "external-secrets.io/ClusterPushSecret": "ClusterPushSecret",
  "bitnami.com/SealedSecret": "SealedSecret",
};

/**
 * @param type - a Pulumi type, versioned or not: `azure-native:keyvault/v20240401preview:Secret`,
 *   `kubernetes:batch/v1:CronJob`, also as `...Patch`.
 * @returns `undefined` for what no rule looks at.
 */
export function kindOfToken(type: string): Kind | undefined {
  const own = kindsOfToken[type.replace(/^(azure-native:\w+)\/v\d\w*:/, "$1:")];
  if (own !== undefined) return own;
  const kubernetes = /^kubernetes:([^:]+):(\w+)$/.exec(type);
  if (kubernetes === null) return undefined;
  const [, apiVersion = "", kind = ""] = kubernetes;
  return (
    kindOfManifest(apiVersion.replace(/^core\//, ""), kind) ??
    kindOfManifest(apiVersion.replace(/^core\//, ""), kind.replace(/Patch$/, ""))
  );
}

/** @param apiVersion - `v1` or `group/version`. */
export function kindOfManifest(apiVersion: string, kind: string): Kind | undefined {
  const slash = apiVersion.indexOf("/");
  return kindsOfManifest[`${slash === -1 ? "" : apiVersion.slice(0, slash)}/${kind}`];
}

/** `kubernetes:core/v1:SecretList` and the like, whose items are subjects of their own. */
export function isListToken(type: string): boolean {
  return /^kubernetes:[^:]+:\w+List$/.test(type);
}

/** `apiVersion` and `kind` that a Pulumi type of Kubernetes stands for. */
export function manifestOfToken(type: string): { readonly apiVersion: string; readonly kind: string } | undefined {
  const [, apiVersion, kind] = /^kubernetes:([^:]+):(\w+?)(?:Patch)?$/.exec(type) ?? [];
  if (apiVersion === undefined || kind === undefined) return undefined;
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}
