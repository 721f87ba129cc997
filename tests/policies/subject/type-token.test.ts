import assert from "node:assert/strict";
import { kindOfToken } from "../../../policies/subject/kinds.ts";
import { readTypeToken } from "../../../policies/subject/type-token.ts";

const same: Readonly<Record<string, readonly string[]>> = {
  "azure-native:keyvault:Secret": [
    "azure-native:keyvault:Secret",
    "azure-native:keyvault/v20230701:Secret",
    "azure-native_keyvault_v20240401preview:keyvault:Secret",
    "azure-native_keyvault_v20240401preview:keyvault/v20240401preview:Secret",
  ],
  "azurerm:index:KeyVaultSecret": [
    "azurerm:index/keyVaultSecret:KeyVaultSecret",
    "vault-module:tf:azurerm_key_vault_secret",
  ],
  "vault:kv:SecretV2": ["vault:kv/secretV2:SecretV2"],
  "vault:index:KvSecretV2": ["vault:index/kvSecretV2:KvSecretV2", "acme:tf:vault_kv_secret_v2"],
  "kubernetes:core:Secret": ["kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch"],
  "kubernetes:external-secrets.io:ExternalSecret": [
    "kubernetes:external-secrets.io/v1:ExternalSecret",
    "kubernetes:external-secrets.io/v1beta1:ExternalSecret",
    "crds:external-secrets.io/v1:ExternalSecret",
  ],
  "kubernetes:helm.sh:Release": ["kubernetes:helm.sh/v3:Release"],
  "kubernetes:yaml:ConfigGroup": ["kubernetes:yaml:ConfigGroup", "kubernetes:yaml/v2:ConfigGroup"],
  "command:local:Command": ["command:local:Command"],
};

describe("readTypeToken", () => {
  for (const [key, types] of Object.entries(same)) {
    it(`reads ${types.join(", ")} as ${key}`, () =>
      assert.deepEqual(
        types.map((type) => readTypeToken(type).key),
        types.map(() => key),
      ));
  }
  it("returns apiVersion and kind of a Kubernetes type, and nothing for similar names", () =>
    assert.deepEqual(
      ["kubernetes:core/v1:Secret", "kubernetes:apps/v1:DeploymentPatch", "kubernetes:yaml/v2:ConfigGroup"].map(
        (type) => readTypeToken(type).manifest,
      ),
      [{ apiVersion: "v1", kind: "Secret" }, { apiVersion: "apps/v1", kind: "Deployment" }, undefined],
    ));
  it("treats a missing part as empty", () => assert.equal(readTypeToken("odd").key, "odd::"));
});

describe("kindOfToken", () => {
  it("recognises a type in a local package of any name, and no other provider's type with that name", () =>
    assert.deepEqual(
      ["acme:keyvault:Secret", "aws:secretsmanager/secret:Secret", "acme:index/mount:Mount", "acme:kv:Policy"].map(
        kindOfToken,
      ),
      ["KeyVaultSecret", undefined, undefined, undefined],
    ));
});
