import { otherDeliveries } from "./other-deliveries.ts";
import { groupKindOf, isManifest } from "./reading.ts";
import { secretMakers } from "./secret-makers.ts";
import { makeSubject, nameOf, type Kind, type Subject } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";

/** Normalised types of Azure's and Vault's providers. */
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
  "vault:jwt:AuthBackend": "VaultJwtBackend",
  "vault:index:JwtAuthBackend": "VaultJwtBackend",
  "vault:jwt:AuthBackendRole": "VaultJwtRole",
  "vault:index:JwtAuthBackendRole": "VaultJwtRole",
  "vault:kubernetes:AuthBackendRole": "VaultAuthRole",
  "vault:index:KubernetesAuthBackendRole": "VaultAuthRole",
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

/** Kubernetes kinds by group and kind, in any version. */
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

/** Providers with types that a local SDK may have under another package name. */
const families = ["azure-native", "azure", "vault"];

/**
 * @param type - a Pulumi type of any API version and any local package; see {@link readTypeToken}.
 * @returns `undefined` for a type that no rule looks at.
 */
export function kindOfToken(type: string): Kind | undefined {
  const { family, key, manifest } = readTypeToken(type);
  if (manifest !== undefined) return kindOfManifest(manifest.apiVersion, manifest.kind);
  const own = kindsOfToken[key];
  const isOfLocalPackage = !["pulumi", "kubernetes", ...families].includes(family) && !key.includes(":index:");
  if (own !== undefined || !isOfLocalPackage) return own;
  const rest = key.slice(family.length);
  return families.map((name) => kindsOfToken[`${name}${rest}`]).find((kind) => kind !== undefined);
}

/** @param apiVersion - `v1` or `group/version`. */
export function kindOfManifest(apiVersion: string, kind: string): Kind | undefined {
  return kindsOfManifest[groupKindOf({ apiVersion, kind })];
}

/** The `apiVersion` of a kind that rules look at, for a patch that has only the kind. */
export function apiVersionOfKind(kind: string): string | undefined {
  const found = Object.keys(kindsOfManifest).find((key) => key.endsWith(`/${kind}`));
  return found && (found.startsWith("/") ? "v1" : `${found.slice(0, found.indexOf("/"))}/v1`);
}

/** A Kubernetes object of a document; nothing if no rule looks at its kind. */
export function subjectOfManifest(
  object: unknown,
  options: Pick<Subject, "id" | "isPatch"> & { readonly base?: Subject["base"]; readonly name?: string },
): Subject | undefined {
  if (!isManifest(object)) return undefined;
  const { apiVersion, kind } = object;
  const known = kindOfManifest(apiVersion, kind);
  const type = `${apiVersion}/${kind}`;
  return known && makeSubject({ kind: known, type, origin: "document", object, name: nameOf(object), ...options });
}
