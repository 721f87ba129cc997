import { otherDeliveries } from "./other-deliveries.ts";
import { secretMakers } from "./secret-makers.ts";
import type { Kind } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";

/** Types of Azure's and Vault's providers, normalised, to our kinds. */
const kindsOfToken: Readonly<Record<string, Kind>> = {
  "azure-native:keyvault:Vault": "KeyVault",
  "azure-native:keyvault:Secret": "KeyVaultSecret",
  "azure:keyvault:KeyVault": "KeyVault",
  "azure:keyvault:Secret": "KeyVaultSecret",
  "azurerm:index:KeyVault": "KeyVault",
  "azurerm:index:KeyVaultSecret": "KeyVaultSecret",
  "azure-native:managedidentity:UserAssignedIdentity": "ManagedIdentity",
  "azure-native:managedidentity:FederatedIdentityCredential": "FederatedCredential",
  "azure:armmsi:FederatedIdentityCredential": "FederatedCredential",
  "azurerm:index:FederatedIdentityCredential": "FederatedCredential",
  "azure-native:authorization:RoleAssignment": "RoleAssignment",
  "azure:authorization:Assignment": "RoleAssignment",
  "azurerm:index:RoleAssignment": "RoleAssignment",
  "pulumi:providers:vault": "VaultProvider",
  "vault:index:Mount": "VaultMount",
  "vault:kv:SecretBackendV2": "VaultMount",
  "vault:index:AuthBackend": "VaultAuthBackend",
  "vault:kubernetes:AuthBackendConfig": "VaultAuthConfig",
  "vault:index:KubernetesAuthBackendConfig": "VaultAuthConfig",
  "vault:kubernetes:AuthBackendRole": "VaultAuthRole",
  "vault:index:KubernetesAuthBackendRole": "VaultAuthRole",
  "vault:jwt:AuthBackend": "VaultJwtBackend",
  "vault:index:JwtAuthBackend": "VaultJwtBackend",
  "vault:jwt:AuthBackendRole": "VaultJwtRole",
  "vault:index:JwtAuthBackendRole": "VaultJwtRole",
  "vault:index:Policy": "VaultPolicy",
  "vault:kv:SecretV2": "VaultSecret",
  "vault:kv:Secret": "VaultSecret",
  "vault:generic:Secret": "VaultSecret",
  "vault:generic:Endpoint": "VaultSecret",
  "vault:index:KvSecretV2": "VaultSecret",
  "vault:index:KvSecret": "VaultSecret",
  "vault:index:GenericSecret": "VaultSecret",
  "vault:index:GenericEndpoint": "VaultSecret",
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
  "generators.external-secrets.io/ClusterGenerator": "ClusterGenerator",
  "external-secrets.io/ExternalSecret": "ExternalSecret",
  "external-secrets.io/ClusterExternalSecret": "ClusterExternalSecret",
  "external-secrets.io/PushSecret": "PushSecret",
  "external-secrets.io/ClusterPushSecret": "ClusterPushSecret",
  "bitnami.com/SealedSecret": "SealedSecret",
  ...Object.fromEntries(otherDeliveries.map((key) => [key, "OtherDelivery" as const])),
  ...Object.fromEntries(secretMakers.map((key) => [key, "SecretMaker" as const])),
};

/** Families whose types are known under another package's name too: a local SDK may have any. */
const families = ["azure-native", "azure", "vault"] as const;

/**
 * @param type - a Pulumi type, of any API version and any local package; see {@link readTypeToken}.
 * @returns `undefined` for a type that no rule looks at.
 */
export function kindOfToken(type: string): Kind | undefined {
  const { family, key, manifest } = readTypeToken(type);
  if (manifest !== undefined) return kindOfManifest(manifest.apiVersion, manifest.kind);
  const own = kindsOfToken[key];
  if (own !== undefined || !isForeign(family) || key.includes(":index:")) return own;
  const rest = key.slice(family.length);
  return families.map((name) => kindsOfToken[`${name}${rest}`]).find((kind) => kind !== undefined);
}

function isForeign(family: string): boolean {
  return family !== "pulumi" && family !== "kubernetes" && !families.some((name) => name === family);
}

/** @param apiVersion - `v1` or `group/version`. */
export function kindOfManifest(apiVersion: string, kind: string): Kind | undefined {
  const slash = apiVersion.indexOf("/");
  return kindsOfManifest[`${slash === -1 ? "" : apiVersion.slice(0, slash)}/${kind}`];
}

/** The `apiVersion` of a kind that rules look at, for a patch that names the kind alone; any version of its group. */
export function apiVersionOfKind(kind: string): string | undefined {
  const found = Object.keys(kindsOfManifest).find((key) => key.endsWith(`/${kind}`));
  if (found === undefined) return undefined;
  return found.startsWith("/") ? "v1" : `${found.slice(0, found.indexOf("/"))}/v1`;
}

/** `apiVersion` and `kind` that a Pulumi type of Kubernetes stands for. */
export function manifestOfToken(type: string): { readonly apiVersion: string; readonly kind: string } | undefined {
  return readTypeToken(type).manifest;
}
