import type { EnvironmentStack } from "../plan/environment.ts";
import { ourLabels } from "./marks.ts";

/**
 * Lets Vault ask Kubernetes whether a token is good. The name holds the environment: cluster-scoped names are shared, and
 * the last one synced would win (452). `outside-pod`: Vault has no account in the cluster, so it reviews each token by
 * that very token, and the consumers need the right.
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
