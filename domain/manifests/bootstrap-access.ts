import type { EnvironmentStack } from "../plan/environment.ts";
import { ourLabels } from "./labels.ts";

const rbacGroup = "rbac.authorization.k8s.io";

/**
 * The account of vault-bootstrap, which Azure's workload identity and Vault's Kubernetes auth both know by name.
 *
 * @param clientId - of the identity `ameide-vault-bootstrap-mi`: an output of its resource, never a literal.
 */
export function bootstrapServiceAccount<T>({ bootstrap, namespace, azure }: EnvironmentStack, clientId: T) {
  return {
    apiVersion: "v1" as const,
    kind: "ServiceAccount" as const,
    metadata: {
      name: bootstrap.name,
      namespace,
      labels: ourLabels,
      annotations: {
        "azure.workload.identity/client-id": clientId,
        "azure.workload.identity/tenant-id": azure.tenantId,
      },
    },
  };
}

/**
 * What vault-bootstrap may do in its namespace: the Secret of Vault's credentials (never changed or deleted once there),
 * its Lease, its status. `create` cannot be limited by name: Kubernetes knows no name before the object exists.
 */
export function bootstrapRole({ bootstrap, namespace }: EnvironmentStack) {
  const { config } = bootstrap;
  const readable = config.source.type === "kubernetes-secret" ? [config.source.name] : [];
  const credentials =
    config.vault.initialise || config.vault.unseal === "from-secret" ? [config.vault.credentialsSecret] : [];
  const secretNames = [...credentials, ...readable];
  return {
    apiVersion: `${rbacGroup}/v1` as const,
    kind: "Role" as const,
    metadata: { name: bootstrap.name, namespace, labels: ourLabels },
    rules: [
      ...(secretNames.length > 0
        ? [{ apiGroups: [""], resources: ["secrets"], resourceNames: secretNames, verbs: ["get"] }]
        : []),
      ...(config.vault.initialise ? [{ apiGroups: [""], resources: ["secrets"], verbs: ["create"] }] : []),
      {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: [config.statusConfigMap],
        verbs: ["get", "update", "patch"],
      },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        resourceNames: [config.lease],
        verbs: ["get", "update", "patch"],
      },
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
    ],
  };
}

/** @param role - the Role's name and namespace. @default - that of {@link bootstrapRole} */
export function bootstrapRoleBinding(
  { bootstrap, namespace }: EnvironmentStack,
  role: { readonly name: string; readonly namespace: string } = { name: bootstrap.name, namespace },
) {
  return {
    apiVersion: `${rbacGroup}/v1` as const,
    kind: "RoleBinding" as const,
    metadata: { ...role, labels: ourLabels },
    roleRef: { apiGroup: rbacGroup, kind: "Role", name: role.name },
    subjects: [{ kind: "ServiceAccount", name: bootstrap.name, namespace }],
  };
}

/**
 * Rights of vault-bootstrap to request a sync of what it wrote, one Role in each namespace that reads any of it:
 * it may change the ExternalSecrets of its configuration and no others. They hold no values, so it may read all of them:
 * one watch for each namespace shows when they have synced.
 */
export function deliveryAccess(stack: EnvironmentStack) {
  const { bootstrap } = stack;
  const externalSecrets = { apiGroups: ["external-secrets.io"], resources: ["externalsecrets"] };
  return [...Map.groupBy(bootstrap.config.deliveries, ({ namespace }) => namespace)].map(([namespace, deliveries]) => {
    const name = `${bootstrap.name}-delivery`;
    const resourceNames = [...new Set(deliveries.map((delivery) => delivery.name))].toSorted();
    const role = {
      apiVersion: `${rbacGroup}/v1` as const,
      kind: "Role" as const,
      metadata: { name, namespace, labels: ourLabels },
      rules: [
        { ...externalSecrets, resourceNames, verbs: ["patch"] },
        { ...externalSecrets, verbs: ["list", "watch"] },
      ],
    };
    return { namespace, role, binding: bootstrapRoleBinding(stack, { name, namespace }) };
  });
}
