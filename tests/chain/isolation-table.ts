/** The callers, named as in the table; the suite looks up role, account and policy of each in the running environment. */
export const callers = [
  "vault-bootstrap",
  "store of the environment",
  "store of argocd",
  "keycloak-client-patcher",
] as const;
export type Caller = (typeof callers)[number];

/** From where a caller's account logs in to Vault with that caller's role. */
export const logins = {
  "its own account": true,
  "another account of its namespace": false,
  "an account of the same name in argocd or the environment": false,
  "an account of the same name in another environment": false,
} as const;

/** Paths of Vault, and what the token of each caller may do there: the capabilities in Vault's own words. */
export const vaultCapabilities: Readonly<Record<string, Readonly<Record<Caller, string>>>> = {
  "secret/data/langfuse-secret-key": {
    "vault-bootstrap": "create, read, update",
    "store of the environment": "read",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "secret/data/ghcr-token": {
    "vault-bootstrap": "create, read, update",
    "store of the environment": "read",
    "store of argocd": "read",
    "keycloak-client-patcher": "deny",
  },
  "secret/data/a-name-that-nobody-declared": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "secret/metadata/langfuse-secret-key": {
    "vault-bootstrap": "read, update",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "secret/delete/langfuse-secret-key": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "secret/destroy/langfuse-secret-key": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "sys/policies/acl/ameide-secrets-bootstrap": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "auth/kubernetes/role/ameide-secrets-bootstrap": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "auth/token/create": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
  "sys/seal": {
    "vault-bootstrap": "deny",
    "store of the environment": "deny",
    "store of argocd": "deny",
    "keycloak-client-patcher": "deny",
  },
};

export interface KubernetesCall {
  readonly verb: string;
  readonly resource: string;
  /** Left out for every object of that kind. */
  readonly name?: string;
  /** @default - the environment's own */
  readonly namespace?: "argocd" | "another environment";
  readonly allowed: boolean;
}

/** What the Kubernetes account of vault-bootstrap may do. */
export const kubernetesCalls: readonly KubernetesCall[] = [
  { verb: "get", resource: "secrets", name: "vault-auto-credentials", allowed: true },
  { verb: "create", resource: "secrets", allowed: true },
  { verb: "update", resource: "secrets", name: "vault-auto-credentials", allowed: false },
  { verb: "delete", resource: "secrets", name: "vault-auto-credentials", allowed: false },
  { verb: "get", resource: "secrets", name: "ghcr-pull", allowed: false },
  { verb: "list", resource: "secrets", allowed: false },
  { verb: "watch", resource: "secrets", allowed: false },
  { verb: "get", resource: "secrets", name: "vault-auto-credentials", namespace: "argocd", allowed: false },
  { verb: "create", resource: "secrets", namespace: "argocd", allowed: false },
  {
    verb: "get",
    resource: "secrets",
    name: "vault-auto-credentials",
    namespace: "another environment",
    allowed: false,
  },
  { verb: "create", resource: "secrets", namespace: "another environment", allowed: false },
  { verb: "update", resource: "configmaps", name: "vault-bootstrap-status", allowed: true },
  { verb: "update", resource: "configmaps", name: "another", allowed: false },
  { verb: "list", resource: "configmaps", allowed: false },
  { verb: "create", resource: "pods", allowed: false },
  { verb: "create", resource: "pods/exec", allowed: false },
  { verb: "create", resource: "serviceaccounts/token", allowed: false },
  { verb: "create", resource: "rolebindings.rbac.authorization.k8s.io", allowed: false },
  { verb: "patch", resource: "externalsecrets.external-secrets.io", allowed: false },
];
