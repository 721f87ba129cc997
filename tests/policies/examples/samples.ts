import type { Sample } from "./example.ts";

type Resource = Extract<Sample, { type: string }>;

/** Allowed resources; each example changes one thing. */
export const keyVault: Resource = {
  type: "azure-native:keyvault:Vault",
  protect: true,
  props: {
    vaultName: "ameidekv",
    resourceGroupName: "Ameide",
    properties: {
      tenantId: "11111111-1111-4111-8111-111111111111",
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 90,
      networkAcls: { defaultAction: "Deny", bypass: "None" },
    },
  },
};

export const keyVaultSecret: Resource = {
  type: "azure-native:keyvault:Secret",
  protect: true,
  props: {
    vaultName: "ameidekv",
    resourceGroupName: "Ameide",
    secretName: "ghcr-token",
    properties: { value: "a real value", contentType: "text/plain" },
  },
};

export const credential: Resource = {
  type: "azure-native:managedidentity:FederatedIdentityCredential",
  props: {
    resourceGroupName: "Ameide",
    resourceName: "ameide-vault-bootstrap-mi",
    federatedIdentityCredentialResourceName: "vault-bootstrap-prod",
    issuer: "https://westeurope.oic.prod-aks.azure.com/11111111/22222222/",
    subject: "system:serviceaccount:ameide-prod:foundation-vault-bootstrap-vault-bootstrap",
    audiences: ["api://AzureADTokenExchange"],
  },
};

export const vaultId =
  "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Ameide/providers/Microsoft.KeyVault/vaults/ameidekv";

export const roleAssignment: Resource = {
  type: "azure-native:authorization:RoleAssignment",
  protect: true,
  props: {
    scope: vaultId,
    principalId: "33333333-3333-4333-8333-333333333333",
    principalType: "ServicePrincipal",
    roleDefinitionId:
      "/subscriptions/22222222-2222-4222-8222-222222222222/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6",
  },
};

export const authConfig: Resource = {
  type: "vault:kubernetes/authBackendConfig:AuthBackendConfig",
  props: {
    backend: "kubernetes",
    kubernetesHost: "https://kubernetes.default.svc",
    disableIssValidation: true,
    disableLocalCaJwt: false,
  },
};

export const authRole: Resource = {
  type: "vault:kubernetes/authBackendRole:AuthBackendRole",
  props: {
    backend: "kubernetes",
    roleName: "ameide-secrets-reader-ameide-prod",
    boundServiceAccountNames: ["ameide-vault-reader"],
    boundServiceAccountNamespaces: ["ameide-prod"],
    tokenPolicies: ["ameide-secrets-reader-ameide-prod"],
    tokenTtl: 1200,
    tokenMaxTtl: 1200,
  },
};

export const jwtRole: Resource = {
  type: "vault:jwt/authBackendRole:AuthBackendRole",
  props: {
    backend: "github-actions",
    roleName: "ameide-secrets-deployer",
    roleType: "jwt",
    boundAudiences: ["ameide-secrets-vault-prod"],
    boundClaims: { repository: "ameideio/ameide-secrets", environment: "prod", ref: "refs/heads/main" },
    boundClaimsType: "string",
    userClaim: "sub",
    tokenPolicies: ["ameide-secrets-deployer"],
    tokenTtl: 1800,
    tokenMaxTtl: 1800,
  },
};

export const jwtBackend: Resource = {
  type: "vault:jwt/authBackend:AuthBackend",
  props: {
    path: "github-actions",
    type: "jwt",
    oidcDiscoveryUrl: "https://token.actions.githubusercontent.com",
    boundIssuer: "https://token.actions.githubusercontent.com",
  },
};

export const vaultMount: Resource = {
  type: "vault:index/mount:Mount",
  protect: true,
  props: { path: "secret", type: "kv", options: { version: "2" } },
};

export const vaultPolicy: Resource = {
  type: "vault:index/policy:Policy",
  props: {
    name: "ameide-secrets-reader-ameide-prod",
    policy: 'path "secret/data/ghcr-token" {\n  capabilities = ["read"]\n}\n',
  },
};

export const externalSecret: Resource = {
  type: "kubernetes:external-secrets.io/v1:ExternalSecret",
  props: {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "langfuse-secrets-sync", namespace: "ameide-prod" },
    spec: {
      refreshInterval: "15m",
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: { name: "langfuse-secrets", creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: [{ secretKey: "LANGFUSE_SECRET_KEY", remoteRef: { key: "langfuse-secret-key", property: "value" } }],
    },
  },
};

/** The one delivery of a Keycloak secret that the catalogue of the tests declares. */
export const declaredDelivery: Resource = {
  type: "kubernetes:external-secrets.io/v1:ExternalSecret",
  props: {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "keycloak-master-platform-app-sync", namespace: "ameide-prod" },
    spec: {
      refreshInterval: "5m",
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: { name: "platform-app-master-client", creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: [
        { secretKey: "client-secret", remoteRef: { key: "platform-app-master-client-secret", property: "value" } },
      ],
    },
  },
};

export const pullSecret: Resource = {
  type: "kubernetes:external-secrets.io/v1:ExternalSecret",
  props: {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "ghcr-pull-sync", namespace: "ameide-prod" },
    spec: {
      refreshInterval: "15m",
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: {
        name: "ghcr-pull",
        creationPolicy: "Owner",
        deletionPolicy: "Retain",
        template: {
          engineVersion: "v2",
          type: "kubernetes.io/dockerconfigjson",
          data: {
            ".dockerconfigjson":
              '{"auths":{"ghcr.io":{"username":{{ .username | toJson }},"password":{{ .password | toJson }}}}}',
          },
        },
      },
      data: [
        { secretKey: "username", remoteRef: { key: "ghcr-username", property: "value" } },
        { secretKey: "password", remoteRef: { key: "ghcr-token", property: "value" } },
      ],
    },
  },
};

export const pushSecret: Resource = {
  type: "kubernetes:external-secrets.io/v1alpha1:PushSecret",
  props: {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: "PushSecret",
    metadata: { name: "platform-db-credentials-mirror", namespace: "ameide-prod" },
    spec: {
      updatePolicy: "Replace",
      refreshInterval: "15m",
      secretStoreRefs: [{ kind: "SecretStore", name: "ameide-vault" }],
      selector: { secret: { name: "platform-db-credentials" } },
      data: [{ match: { secretKey: "PASSWORD", remoteRef: { remoteKey: "platform-db-password", property: "value" } } }],
    },
  },
};

export const secretStore: Resource = {
  type: "kubernetes:external-secrets.io/v1:SecretStore",
  props: {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "ameide-vault", namespace: "ameide-prod" },
    spec: {
      provider: {
        vault: {
          server: "http://vault-core-prod.ameide-prod.svc.cluster.local:8200",
          path: "secret",
          version: "v2",
          auth: {
            kubernetes: {
              mountPath: "kubernetes",
              role: "ameide-secrets-reader-ameide-prod",
              serviceAccountRef: { name: "ameide-vault-reader" },
            },
          },
        },
      },
    },
  },
};

export const configMap: Resource = {
  type: "kubernetes:core/v1:ConfigMap",
  props: {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "platform", namespace: "ameide-prod" },
    data: { LOG_LEVEL: "info", AUTH_TRUST_HOST: "true" },
  },
};

const digest = "0".repeat(64);

export const cronJob: Resource = {
  type: "kubernetes:batch/v1:CronJob",
  props: {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "foundation-vault-bootstrap-vault-bootstrap", namespace: "ameide-prod" },
    spec: {
      schedule: "*/5 * * * *",
      concurrencyPolicy: "Forbid",
      jobTemplate: {
        spec: {
          activeDeadlineSeconds: 240,
          template: {
            metadata: { labels: { "azure.workload.identity/use": "true" } },
            spec: {
              serviceAccountName: "foundation-vault-bootstrap-vault-bootstrap",
              securityContext: { runAsNonRoot: true },
              containers: [
                {
                  name: "vault-bootstrap",
                  image: `gcr.io/distroless/nodejs22-debian12:nonroot@sha256:${digest}`,
                  command: ["/nodejs/bin/node", "/opt/vault-bootstrap/vault-bootstrap.cjs"],
                  env: [
                    { name: "AZURE_FEDERATED_TOKEN_FILE", value: "/var/run/secrets/azure/tokens/azure-identity-token" },
                  ],
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                  },
                },
              ],
            },
          },
        },
      },
    },
  },
};

export const deliveryRole: Resource = {
  type: "kubernetes:rbac.authorization.k8s.io/v1:Role",
  props: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "foundation-vault-bootstrap-vault-bootstrap-delivery", namespace: "ameide-prod" },
    rules: [
      {
        apiGroups: ["external-secrets.io"],
        resources: ["externalsecrets"],
        resourceNames: ["ghcr-pull-sync"],
        verbs: ["patch"],
      },
      { apiGroups: ["external-secrets.io"], resources: ["externalsecrets"], verbs: ["list", "watch"] },
    ],
  },
};

export const deliveryRoleBinding: Resource = {
  type: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
  props: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "foundation-vault-bootstrap-vault-bootstrap-delivery", namespace: "ameide-prod" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "foundation-vault-bootstrap-vault-bootstrap-delivery",
    },
    subjects: [
      { kind: "ServiceAccount", name: "foundation-vault-bootstrap-vault-bootstrap", namespace: "ameide-prod" },
    ],
  },
};

export const pod = ["spec", "jobTemplate", "spec", "template", "spec"] as const;
export const container = [...pod, "containers", 0] as const;

export const serviceAccount: Resource = {
  type: "kubernetes:core/v1:ServiceAccount",
  computed: ["metadata"],
  props: {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: "foundation-vault-bootstrap-vault-bootstrap",
      namespace: "ameide-prod",
      annotations: { "azure.workload.identity/client-id": "44444444-4444-4444-8444-444444444444" },
    },
  },
};
