import { otherDeliveries } from "./other-deliveries.ts";
import { groupKindOf, isManifest } from "./reading.ts";
import { secretMakers } from "./secret-makers.ts";
import { kindsByName, makeSubject, nameOf, type Kind, type Subject } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";

const kindsOfToken = kindsByName({
  KeyVault: ["azure-native:keyvault:Vault", "azure:keyvault:KeyVault", "azurerm:index:KeyVault"],
  KeyVaultSecret: ["azure-native:keyvault:Secret", "azure:keyvault:Secret", "azurerm:index:KeyVaultSecret"],
  ManagedIdentity: ["azure-native:managedidentity:UserAssignedIdentity"],
  FederatedCredential: [
    "azure-native:managedidentity:FederatedIdentityCredential",
    "azure:armmsi:FederatedIdentityCredential",
    "azurerm:index:FederatedIdentityCredential",
  ],
  RoleAssignment: [
    "azure-native:authorization:RoleAssignment",
    "azure:authorization:Assignment",
    "azurerm:index:RoleAssignment",
  ],
  VaultProvider: ["pulumi:providers:vault"],
  VaultMount: ["vault:index:Mount", "vault:kv:SecretBackendV2"],
  VaultAuthBackend: ["vault:index:AuthBackend"],
  VaultAuthConfig: ["vault:kubernetes:AuthBackendConfig", "vault:index:KubernetesAuthBackendConfig"],
  VaultJwtBackend: ["vault:jwt:AuthBackend", "vault:index:JwtAuthBackend"],
  VaultJwtRole: ["vault:jwt:AuthBackendRole", "vault:index:JwtAuthBackendRole"],
  VaultAuthRole: ["vault:kubernetes:AuthBackendRole", "vault:index:KubernetesAuthBackendRole"],
  VaultPolicy: ["vault:index:Policy"],
  VaultSecret: [
    ...["kv:SecretV2", "kv:Secret", "generic:Secret", "generic:Endpoint"].map((type) => `vault:${type}`),
    ...["KvSecretV2", "KvSecret", "GenericSecret", "GenericEndpoint"].map((type) => `vault:index:${type}`),
  ],
});

const kindsOfManifest = kindsByName({
  Secret: ["/Secret"],
  ConfigMap: ["/ConfigMap"],
  ServiceAccount: ["/ServiceAccount"],
  Workload: ["/Pod", "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "batch/Job"],
  CronJob: ["batch/CronJob"],
  Role: ["rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"],
  RoleBinding: ["rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding"],
  SecretStore: ["external-secrets.io/SecretStore"],
  ClusterSecretStore: ["external-secrets.io/ClusterSecretStore"],
  ClusterGenerator: ["generators.external-secrets.io/ClusterGenerator"],
  ExternalSecret: ["external-secrets.io/ExternalSecret"],
  ClusterExternalSecret: ["external-secrets.io/ClusterExternalSecret"],
  PushSecret: ["external-secrets.io/PushSecret"],
  ClusterPushSecret: ["external-secrets.io/ClusterPushSecret"],
  SealedSecret: ["bitnami.com/SealedSecret"],
  OtherDelivery: otherDeliveries,
  SecretMaker: secretMakers,
});

/** Providers with types that a local SDK may have under another package name. */
const families = ["azure-native", "azure", "vault"];

/** @param type - see {@link readTypeToken}. @returns `undefined` for a type that no rule looks at. */
export function kindOfToken(type: string): Kind | undefined {
  const { family, key, manifest } = readTypeToken(type);
  if (manifest !== undefined) return kindOfManifest(manifest.apiVersion, manifest.kind);
  const own = kindsOfToken.get(key);
  const isOfLocalPackage = !["pulumi", "kubernetes", ...families].includes(family) && !key.includes(":index:");
  if (own !== undefined || !isOfLocalPackage) return own;
  const rest = key.slice(family.length);
  return families.map((name) => kindsOfToken.get(`${name}${rest}`)).find((kind) => kind !== undefined);
}

/** @param apiVersion - `v1` or `group/version`. */
export function kindOfManifest(apiVersion: string, kind: string): Kind | undefined {
  return kindsOfManifest.get(groupKindOf({ apiVersion, kind }));
}

/** The `apiVersion` of a kind that rules look at, for a patch that has only the kind. */
export function apiVersionOfKind(kind: string): string | undefined {
  const found = [...kindsOfManifest.keys()].find((key) => key.endsWith(`/${kind}`));
  return found && (found.startsWith("/") ? "v1" : `${found.slice(0, found.indexOf("/"))}/v1`);
}

/** A Kubernetes object of a document; nothing if no rule looks at its kind. */
export function subjectOfManifest(
  object: unknown,
  options: Pick<Subject, "id" | "isPatch"> & { readonly name?: string },
): Subject | undefined {
  if (!isManifest(object)) return undefined;
  const { apiVersion, kind } = object;
  const known = kindOfManifest(apiVersion, kind);
  const type = `${apiVersion}/${kind}`;
  return known && makeSubject({ kind: known, type, origin: "document", object, name: nameOf(object), ...options });
}
