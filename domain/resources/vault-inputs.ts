import type { EnvironmentStack } from "../plan/environment.ts";
import { operatorTarget } from "../vault-target.ts";
import { githubAudience, githubAuthMount, type GithubRole, type VaultRole } from "./vault-policies.ts";

// Inputs as the Vault provider spells them. Components register them; the guard judges the same data before that.

/** The token comes from VAULT_TOKEN in the provider's environment: as an argument it would be copied into state. */
export function vaultProviderInputs(vault: EnvironmentStack["vault"]) {
  const { address, namespace, serverName } = operatorTarget(vault);
  const caCertFile = vault.operatorCa?.file;
  return {
    address,
    skipChildToken: true,
    ...(namespace !== undefined && { namespace }),
    ...(caCertFile !== undefined && { caCertFile }),
    ...(serverName !== undefined && { tlsServerName: serverName }),
  };
}

export function kvMountInputs({ vault }: EnvironmentStack) {
  return { path: vault.mount, type: "kv", options: { version: "2" }, description: "secrets, one value a path" };
}

/** Check-and-set is required of nobody: other writers send none and would get 400. vault-bootstrap always sends it. */
export function kvConfigInputs({ vault, strictness }: EnvironmentStack) {
  return { mount: vault.mount, maxVersions: strictness.maxVersions, casRequired: false };
}

export function authBackendInputs({ vault }: EnvironmentStack) {
  return { type: "kubernetes", path: vault.authMount, description: "ServiceAccounts of the cluster" };
}

export function authConfigInputs(stack: EnvironmentStack) {
  return { backend: stack.vault.authMount, ...kubernetesAuthConfig(stack) };
}

/** No audience: a role that asks for one refuses every store that does not ask for the same. */
export function authRoleInputs({ vault, strictness }: EnvironmentStack, role: VaultRole) {
  return {
    backend: vault.authMount,
    roleName: role.name,
    boundServiceAccountNames: [role.serviceAccount],
    boundServiceAccountNamespaces: [role.namespace],
    tokenPolicies: [role.policy],
    ...(role.noDefaultPolicy && { tokenNoDefaultPolicy: true }),
    tokenTtl: strictness.tokenTtlInSeconds,
    tokenMaxTtl: strictness.tokenTtlInSeconds,
  };
}

export function githubBackendInputs({ vault: { githubLogin } }: EnvironmentStack) {
  const trusted = githubLogin && { oidcDiscoveryUrl: githubLogin.issuer, boundIssuer: githubLogin.issuer };
  return { path: githubAuthMount, type: "jwt", description: "jobs of GitHub Actions", ...trusted };
}

/** Half an hour, as long as an update may take; the job's run is in the metadata, and so in Vault's audit log. */
export function githubRoleInputs({ name }: EnvironmentStack, role: GithubRole) {
  return {
    backend: githubAuthMount,
    roleName: role.name,
    roleType: "jwt",
    boundAudiences: [githubAudience(name)],
    boundClaims: role.boundClaims,
    boundClaimsType: "string",
    userClaim: "sub",
    claimMappings: { actor: "actor", run_id: "run_id", sha: "sha" },
    tokenPolicies: [role.name],
    tokenTtl: 1800,
    tokenMaxTtl: 1800,
  };
}

/** No reviewer token: an expired one once locked every store out. With `outside-pod` a token is its own reviewer. */
export function kubernetesAuthConfig({ vault, strictness }: Pick<EnvironmentStack, "vault" | "strictness">) {
  return {
    kubernetesHost: vault.kubernetesHost,
    disableIssValidation: true,
    disableLocalCaJwt: strictness.vaultAuth === "outside-pod",
    ...(vault.kubernetesCaPem !== undefined && { kubernetesCaCert: vault.kubernetesCaPem }),
  };
}

/** The same in the spelling of Vault's API. */
export function kubernetesAuthFields(stack: Pick<EnvironmentStack, "vault" | "strictness">) {
  const config = kubernetesAuthConfig(stack);
  return {
    kubernetes_host: config.kubernetesHost,
    kubernetes_ca_cert: stack.vault.kubernetesCaPem ?? "",
    disable_iss_validation: config.disableIssValidation,
    disable_local_ca_jwt: config.disableLocalCaJwt,
  };
}
