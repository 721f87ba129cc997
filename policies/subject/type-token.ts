import { remembered } from "./reading.ts";

/** A Pulumi type without API version, local package name and file of the module. */
export interface TypeToken {
  /** The provider, such as `azure-native`; for an unknown package its own name. */
  readonly family: string;
  /** `family:module:Name`, such as `azure-native:keyvault:Secret`, `vault:kv:SecretV2`, `kubernetes:apps:Deployment`. */
  readonly key: string;
  /** Of a Kubernetes type: `v1` or `group/version`, and the kind. */
  readonly manifest?: { readonly apiVersion: string; readonly kind: string };
}

/**
 * Normalises a Pulumi type. These are the same:
 * - `azure-native:keyvault:Secret`, `azure-native:keyvault/v20230701:Secret`, and the local SDK's
 *   `azure-native_keyvault_v20240401preview:keyvault:Secret`;
 * - `vault:kv/secretV2:SecretV2` and `vault:kv:SecretV2`;
 * - `azurerm:index/keyVaultSecret:KeyVaultSecret` of any Terraform provider, and `NAME:tf:azurerm_key_vault_secret` of a
 *   Terraform module;
 * - `kubernetes:core/v1:Secret`, its `SecretPatch`, and `NAME:external-secrets.io/v1:ExternalSecret` of a generated SDK.
 * @see https://www.pulumi.com/registry/packages/azure-native/version-guide/
 * @see https://www.pulumi.com/docs/iac/concepts/resources/names/#types
 */
export const readTypeToken = remembered((type: string): TypeToken => {
  const [name = "", module = "", kind = ""] = type.split(":");
  if (module === "tf") return terraformToken(kind, type);
  const family = /^azure-native(?:_.*)?$/.test(name) ? "azure-native" : name;
  if (family === "kubernetes" || isGroupVersion(module)) return kubernetesToken(module, kind);
  // a bridged provider adds the file of the type to the module, azure-native the API version
  return { family, key: `${family}:${module.replace(/\/.*$/, "")}:${kind}` };
});

/** `apps/v1`, `external-secrets.io/v1beta1`; Azure's versions are dates, such as `keyvault/v20230701`. */
function isGroupVersion(module: string): boolean {
  return /^[a-z0-9.-]+\/v\d{1,2}(?:(?:alpha|beta)\d+)?$/.test(module);
}

/** Modules of the provider's SDK that look like a group: components, and Helm releases. */
const notGroups = new Set(["helm.sh", "yaml", "kustomize"]);

function kubernetesToken(module: string, kind: string): TypeToken {
  const own = kind.replace(/(?<=.)Patch$/, "");
  const group = module.replace(/\/.*$/, "");
  const key = `kubernetes:${group}:${own}`;
  if (!isGroupVersion(module) || notGroups.has(group)) return { family: "kubernetes", key };
  return { family: "kubernetes", key, manifest: { apiVersion: module.replace(/^core\//, ""), kind: own } };
}

/** `azurerm_key_vault_secret` as the any-terraform provider would name it: `azurerm:index:KeyVaultSecret`. */
function terraformToken(resource: string, type: string): TypeToken {
  const [family = "", ...words] = resource.split("_");
  if (words.length === 0) return { family: "terraform", key: `terraform:${type}` };
  const kind = words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`).join("");
  return { family, key: `${family}:index:${kind}` };
}
