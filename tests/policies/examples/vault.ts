import { changed, type Example } from "./example.ts";
import {
  authConfig,
  authRole,
  configMap,
  jwtBackend,
  jwtRole,
  secretStore,
  vaultMount,
  vaultPolicy,
} from "./samples.ts";

const patcher = changed(
  vaultPolicy,
  [["name"], "keycloak-client-patcher"],
  [["policy"], 'path "secret/data/platform-app-*" {\n  capabilities = ["create", "read", "update"]\n}\n'],
);
const provider = {
  type: "pulumi:providers:vault",
  props: { address: "http://127.0.0.1:8200", skipChildToken: "true" },
};
const kvConfig = {
  type: "vault:kv/secretBackendV2:SecretBackendV2",
  props: { mount: "secret", casRequired: false, maxVersions: 10 },
};
const config = (initialise: boolean): string =>
  JSON.stringify({ vault: { initialise, unseal: "kms", credentialsSecret: "vault-auto-credentials" } });

export const vaultExamples: readonly Example[] = [
  {
    rule: "vault-reviewer-token",
    allowed: authConfig,
    refused: changed(authConfig, [["tokenReviewerJwt"], "the token of some pod"]),
    says: "tokenReviewerJwt sets a reviewer token; remove it",
    absent: authConfig,
    absentIsFine: "leaving it out is what the rule asks for",
    // also while the token itself is not known: that one is set is enough
    unknown: undefined,
  },
  {
    rule: "vault-auth-config",
    allowed: authConfig,
    refused: changed(authConfig, [["kubernetesHost"], "https://10.0.0.1:443"]),
    says: "kubernetesHost is https://10.0.0.1:443; set https://kubernetes.default.svc",
    absent: changed(authConfig, [["disableIssValidation"], undefined]),
    absentSays: "disableIssValidation is not set; set true",
    unknown: ["kubernetesHost"],
  },
  {
    rule: "vault-role-account",
    allowed: authRole,
    refused: changed(authRole, [["boundServiceAccountNames"], ["default"]]),
    says: 'is bound to the account "default"; name each account',
    absent: changed(authRole, [["boundServiceAccountNamespaces"], undefined]),
    absentSays: "is bound to no namespace; name one",
    unknown: ["boundServiceAccountNames"],
  },
  {
    rule: "vault-role-ttl",
    allowed: authRole,
    refused: changed(authRole, [["tokenMaxTtl"], 2_764_800]),
    says: "tokenMaxTtl is 2764800 s; set at most 86400",
    absent: changed(authRole, [["tokenTtl"], undefined]),
    absentSays: "tokenTtl is not set; set it",
    unknown: ["tokenTtl"],
  },
  {
    rule: "vault-mount-cas",
    allowed: kvConfig,
    refused: changed(kvConfig, [["casRequired"], true]),
    says: "casRequired is true for every writer; set false",
    absent: changed(vaultMount, [["options"], undefined]),
    absentSays: "is KV version 1; set 2",
    unknown: ["casRequired"],
  },
  {
    rule: "vault-provider-token",
    allowed: provider,
    refused: changed(provider, [["token"], "the deployer's token"]),
    says: "has its token as an argument; remove it and set VAULT_TOKEN",
    absent: provider,
    absentIsFine: "leaving it out is what the rule asks for",
    unknown: undefined,
  },
  {
    rule: "vault-auto-credentials",
    allowed: changed(configMap, [["data"], { "config.json": config(false) }]),
    refused: changed(configMap, [["data"], { "config.json": config(true) }]),
    says: "lets vault-bootstrap store Vault's keys in a Secret; set unseal: kms or manual",
    absent: configMap,
    absentIsFine: "a ConfigMap without the bootstrap's configuration is no matter of this rule",
    unknown: ["data", "config.json"],
  },
  {
    rule: "vault-login-bound",
    allowed: jwtRole,
    refused: changed(jwtRole, [["boundClaims"], { ref: "refs/heads/main" }]),
    says: "accepts every repository of the issuer; bind the claim repository, or set boundSubject",
    absent: changed(jwtRole, [["boundAudiences"], undefined]),
    absentSays: "accepts tokens that were issued for other services; set boundAudiences",
    unknown: ["boundClaims"],
  },
  {
    rule: "vault-login-issuer",
    allowed: jwtBackend,
    refused: changed(jwtBackend, [["oidcDiscoveryUrl"], "http://token.actions.githubusercontent.com"]),
    says: "oidcDiscoveryUrl is http://token.actions.githubusercontent.com; use https",
    absent: changed(jwtBackend, [["boundIssuer"], undefined]),
    absentSays: "boundIssuer is not set; set the issuer of the tokens",
    unknown: ["boundIssuer"],
  },
  {
    rule: "vault-policy-wildcard",
    allowed: vaultPolicy,
    refused: changed(vaultPolicy, [["policy"], 'path "secret/data/*" {\n  capabilities = ["read"]\n}\n']),
    says: 'path "secret/data/*" gives access to every secret under "secret"; name the paths one by one',
    absent: changed(vaultPolicy, [["policy"], undefined]),
    absentIsFine: "a policy without paths opens nothing",
    unknown: ["policy"],
  },
  {
    rule: "vault-policy-kv-path",
    allowed: vaultPolicy,
    refused: changed(vaultPolicy, [["policy"], 'path "secret/ghcr-token" {\n  capabilities = ["read"]\n}\n']),
    says: 'path "secret/ghcr-token" grants nothing on KV version 2; write "secret/data/ghcr-token"',
    absent: changed(vaultPolicy, [["policy"], undefined]),
    absentIsFine: "a policy without paths has no wrong one",
    unknown: ["policy"],
  },
  {
    rule: "vault-patcher-coverage",
    allowed: patcher,
    refused: changed(patcher, [
      ["policy"],
      'path "secret/data/argocd-*" {\n  capabilities = ["create", "read", "update"]\n}\n',
    ]),
    says: 'lacks create, read, update on "secret/data/platform-app-client-secret" of the client "platform-app"',
    absent: changed(patcher, [["policy"], undefined]),
    absentSays: 'lacks create, read, update on "secret/data/platform-app-client-secret" of the client "platform-app"',
    unknown: ["policy"],
  },
  {
    rule: "vault-role-audience",
    beside: [secretStore],
    allowed: authRole,
    refused: changed(authRole, [["audience"], "vault"]),
    says: 'requires the audience "vault", but SecretStore ameide-prod/ameide-vault does not request it',
    absent: changed(authRole, [["audience"], undefined]),
    absentIsFine: "no audience is the safe default",
    unknown: ["audience"],
  },
];
