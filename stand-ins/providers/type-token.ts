/** `azure-native:keyvault/v20230701:Vault` to `azure-native:keyvault:Vault`: the same type in any of Azure's API versions. */
export function withoutVersion(token: string): string {
  return token.replace(/\/v\d{8}(preview)?:/, ":");
}
