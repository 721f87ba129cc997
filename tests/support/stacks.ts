import { catalogueSchema, type Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { AzureTarget, EnvironmentStack, FederatedSubject, SharedStack } from "../../domain/plan/environment.ts";
import { planChain, type ChainOptions } from "../../domain/plan/plan-chain.ts";
import { Redacted } from "../../domain/redacted.ts";
import type { EnvironmentName } from "../../domain/stage.ts";

/** The seed's five secrets and three deliveries, and one client of Keycloak. */
export const seedCatalogue: Catalogue = catalogueSchema.parse({
  secrets: {
    "ghcr-token": { authority: "external", env: "GHCR_TOKEN", required: ["dev", "staging", "prod", "local"] },
    "ghcr-username": { authority: "external", env: "GHCR_USERNAME", required: ["dev", "staging", "prod", "local"] },
    "langfuse-secret-key": { authority: "external", env: "LANGFUSE_SECRET_KEY" },
    "anthropic-api-key": { authority: "external", env: "ANTHROPIC_API_KEY" },
    "openai-api-key": { authority: "external", env: "OPENAI_API_KEY" },
  },
  clusterManaged: [{ pattern: "*-db-credentials", authority: "cnpg" }],
  deliveries: {
    "ghcr-pull": {
      externalSecret: "ghcr-pull-sync",
      type: "kubernetes.io/dockerconfigjson",
      registry: "ghcr.io",
      username: "ghcr-username",
      password: "ghcr-token",
    },
    "langfuse-secrets": { keys: { LANGFUSE_SECRET_KEY: "langfuse-secret-key" } },
    "inference-api-credentials": {
      keys: { ANTHROPIC_API_KEY: "anthropic-api-key", OPENAI_API_KEY: "openai-api-key" },
    },
  },
  keycloakClients: [{ clientId: "platform-app", vaultKey: "platform-app-client-secret" }],
  settings: [],
  retired: {},
  fixtures: { values: [], placeholders: ["CHANGEME"] },
});

export const azure: AzureTarget = {
  tenantId: "11111111-1111-4111-8111-111111111111",
  subscriptionId: "22222222-2222-4222-8222-222222222222",
  location: "westeurope",
  resourceGroup: "Ameide",
  keyVault: "ameidekv",
  keyVaultUri: "https://ameidekv.vault.azure.net/",
  identity: "ameide-vault-bootstrap-mi",
};

const bootstrapName = "foundation-vault-bootstrap-vault-bootstrap";

function federatedSubject(environment: EnvironmentName): FederatedSubject {
  return {
    environment,
    name: `vault-bootstrap-${environment}`,
    issuer: `https://issuer.example/${environment}`,
    subject: `system:serviceaccount:ameide-${environment}:${bootstrapName}`,
    audience: "api://AzureADTokenExchange",
  };
}

/** The shared stack. Pass `values` for one that carries them in state. */
export function sharedStack(values: Readonly<Record<string, string>> = {}, protect = true): SharedStack {
  return {
    kind: "shared",
    azure,
    protect,
    values: Object.keys(values).length > 0 ? "state" : "data-plane",
    keyVaultSecrets: new Map(Object.entries(values).map(([name, value]) => [name, new Redacted(value)])),
    federatedSubjects: (["dev", "staging", "prod"] as const).map(federatedSubject),
    findings: [],
  };
}

/** The shared stack as a company's Azure Policy wants it: closed networks, hardware keys, tags. */
export function companyStack(): SharedStack {
  const network = {
    publicAccess: true,
    addresses: ["20.1.2.3/32"],
    subnets: ["/subscriptions/s/resourcegroups/r/providers/microsoft.network/virtualnetworks/v/subnets/aks"],
    trustedServices: false,
  };
  const tags = { owner: "platform", "cost-center": "42" };
  return { ...sharedStack({ "ghcr-token": "x" }), azure: { ...azure, sku: "premium", network, tags } };
}

/** One environment as it is on a cloud: everything protected. Change what a test is about by `changes`. */
export function environmentStack(
  name: EnvironmentName = "dev",
  changes: Partial<EnvironmentStack> = {},
  { catalogue = seedCatalogue, ...place }: Partial<ChainOptions> & { readonly catalogue?: Catalogue } = {},
): EnvironmentStack {
  const namespace = `ameide-${name}`;
  const plan = planChain(catalogue, {
    environment: name,
    namespace,
    secretPrefix: "",
    additionalNamespaces: [],
    registryAdditionalNamespaces: ["argocd"],
    refreshIntervalInSeconds: 300,
    ...place,
  });
  const vault: EnvironmentStack["vault"] = {
    address: `http://vault-core-${name}.${namespace}.svc.cluster.local:8200`,
    operatorAddress: "http://127.0.0.1:8200",
    mount: "secret",
    authMount: "kubernetes",
    statefulSet: { namespace, name: `vault-core-${name}` },
    serviceAccount: { namespace, name: `vault-core-${name}` },
    kubernetesHost: "https://kubernetes.default.svc",
  };
  return {
    kind: "environment",
    name,
    namespace,
    strictness: {
      values: "data-plane",
      delivery: "pulumi",
      source: "azure-key-vault",
      initialise: true,
      unseal: "from-secret",
      rootToken: "stored",
      vaultAuth: "in-cluster",
      fixturesAllowed: false,
      expiredValues: "warn",
      protect: true,
      admission: "deny",
      refreshIntervalInSeconds: 300,
      bootstrapIntervalInMinutes: 5,
      maxVersions: 10,
      tokenTtlInSeconds: 1200,
      makesNamespaces: false,
    },
    azure,
    federated: federatedSubject(name),
    cluster: { context: "ameide", oidcIssuer: `https://issuer.example/${name}` },
    vault,
    catalogue,
    plan,
    bootstrap: {
      name: bootstrapName,
      image: `gcr.io/distroless/nodejs22-debian12:nonroot@sha256:${"0".repeat(64)}`,
      bundle: "// bundle",
      config: {
        environment: name,
        namespace,
        vault: {
          address: vault.address,
          mount: vault.mount,
          authMount: vault.authMount,
          role: "ameide-secrets-bootstrap",
          initialise: true,
          unseal: "from-secret",
          rootToken: "stored",
          credentialsSecret: "vault-auto-credentials",
        },
        source: {
          type: "azure-key-vault",
          uri: azure.keyVaultUri,
          disableInstanceDiscovery: false,
          disableChallengeResourceVerification: false,
        },
        secrets: plan.secrets.map((secret) => ({
          name: secret.name,
          authority: secret.authority,
          path: secret.vaultPath,
          required: secret.required,
          ...(secret.keyVaultName === undefined ? {} : { source: secret.keyVaultName }),
        })),
        mappedSecrets: [],
        deliveries: [],
        fixtures: { values: [], placeholders: ["CHANGEME"] },
        fixturesAllowed: false,
        expiredRefused: false,
        claimUnmarked: false,
        statusConfigMap: "vault-bootstrap-status",
        lease: "vault-bootstrap",
        deadlineInSeconds: 240,
      },
    },
    findings: [],
    ...changes,
  };
}

/** `local`: the shared part in the same stack, nothing protected, Vault outside the cluster. */
export function localStack(values: Readonly<Record<string, string>> = {}): EnvironmentStack {
  const cloud = environmentStack("local");
  return {
    ...cloud,
    strictness: {
      ...cloud.strictness,
      values: "state",
      vaultAuth: "outside-pod",
      protect: false,
      makesNamespaces: true,
    },
    shared: sharedStack(values, false),
    vault: { ...cloud.vault, kubernetesHost: "https://127.0.0.1:28202", kubernetesCaPem: "PEM of the local CA" },
  };
}

/** The same stack, with a Vault that the jobs of this repository log in to. */
export function withGithubLogin(
  stack: EnvironmentStack,
  issuer = "https://token.actions.githubusercontent.com",
): EnvironmentStack {
  const githubLogin = { issuer, repository: "ameideio/ameide-secrets", ref: "refs/heads/main" };
  return { ...stack, vault: { ...stack.vault, githubLogin } };
}
