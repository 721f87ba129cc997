import type { EnvironmentStack, VaultCa, PlannedStore } from "../plan/environment.ts";
import { ourLabels } from "./labels.ts";

/** The store's own account: on `default`, any pod of the namespace could take the store's role. */
export function readerServiceAccount(store: PlannedStore) {
  return {
    apiVersion: "v1" as const,
    kind: "ServiceAccount" as const,
    metadata: { name: store.serviceAccount, namespace: store.namespace, labels: ourLabels },
    automountServiceAccountToken: false,
  };
}

/** The way of one namespace to the environment's Vault. A `serviceAccountRef` with a namespace is refused by ESO here. */
export function secretStore(store: PlannedStore, { vault }: Pick<EnvironmentStack, "vault">) {
  return {
    apiVersion: "external-secrets.io/v1" as const,
    kind: "SecretStore" as const,
    metadata: { name: store.name, namespace: store.namespace, labels: ourLabels },
    spec: {
      provider: {
        vault: {
          server: vault.address,
          ...(vault.namespace === undefined ? {} : { namespace: vault.namespace }),
          ...caOf(vault.podCa),
          path: vault.mount,
          version: "v2",
          auth: {
            kubernetes: {
              mountPath: vault.authMount,
              role: store.role,
              serviceAccountRef: { name: store.serviceAccount },
            },
          },
        },
      },
      retrySettings: { maxRetries: 3, retryInterval: "5s" },
    },
  };
}

/** External Secrets reads a `caProvider` from the store's own namespace; `caBundle` is base64 of PEM. */
function caOf(ca: VaultCa | undefined) {
  if (ca === undefined) return {};
  if ("pem" in ca) return { caBundle: Buffer.from(ca.pem, "utf8").toString("base64") };
  return { caProvider: { type: ca.kind, name: ca.name, key: ca.key } };
}

/** The environment's namespace and those that receive secrets from it; empty but in `local`, where they do not exist yet. */
export function namespaces({ namespace, plan, strictness }: EnvironmentStack) {
  if (!strictness.makesNamespaces) return [];
  const names = new Set([namespace, ...plan.stores.map((store) => store.namespace)]);
  return [...names].map((name) => ({
    apiVersion: "v1" as const,
    kind: "Namespace" as const,
    metadata: { name, labels: ourLabels },
  }));
}

/**
 * Lets Vault ask Kubernetes whether a token is valid. Cluster-scoped names are shared, so its name contains the
 * environment. With `outside-pod` Vault reviews each token with that same token, so the consumers need the right.
 */
export function tokenReviewBinding({ name, vault, strictness, plan, bootstrap, namespace }: EnvironmentStack) {
  const reviewers =
    strictness.vaultAuth === "in-cluster"
      ? [vault.serviceAccount]
      : [
          { namespace, name: bootstrap.name },
          ...plan.stores.map((store) => ({ namespace: store.namespace, name: store.serviceAccount })),
        ];
  return {
    apiVersion: "rbac.authorization.k8s.io/v1" as const,
    kind: "ClusterRoleBinding" as const,
    metadata: { name: `ameide-secrets-token-review-${name}`, labels: ourLabels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: reviewers.map((account) => ({
      kind: "ServiceAccount",
      name: account.name,
      namespace: account.namespace,
    })),
  };
}
