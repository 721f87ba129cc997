import type { EnvironmentStack } from "../plan/environment.ts";
import { ourLabels } from "./labels.ts";

const rbacGroup = "rbac.authorization.k8s.io";

function rule(apiGroup: string, resource: string, verbs: string[], resourceNames?: string[]) {
  return { apiGroups: [apiGroup], resources: [resource], ...(resourceNames && { resourceNames }), verbs };
}

function role(name: string, namespace: string, rules: ReturnType<typeof rule>[]) {
  return {
    apiVersion: `${rbacGroup}/v1` as const,
    kind: "Role" as const,
    metadata: { name, namespace, labels: ourLabels },
    rules,
  };
}

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
  const { vault, source, statusConfigMap, lease } = bootstrap.config;
  const credentials = vault.initialise || vault.unseal === "from-secret" ? [vault.credentialsSecret] : [];
  const secretNames = [...credentials, ...(source.type === "kubernetes-secret" ? [source.name] : [])];
  const verbs = ["get", "update", "patch"];
  return role(bootstrap.name, namespace, [
    ...(secretNames.length > 0 ? [rule("", "secrets", ["get"], secretNames)] : []),
    ...(vault.initialise ? [rule("", "secrets", ["create"])] : []),
    rule("", "configmaps", verbs, [statusConfigMap]),
    rule("", "configmaps", ["create"]),
    rule("coordination.k8s.io", "leases", verbs, [lease]),
    rule("coordination.k8s.io", "leases", ["create"]),
  ]);
}

/** @param toRole - the Role's name and namespace. @default - that of {@link bootstrapRole} */
export function bootstrapRoleBinding(
  { bootstrap, namespace }: EnvironmentStack,
  toRole: { readonly name: string; readonly namespace: string } = { name: bootstrap.name, namespace },
) {
  return {
    apiVersion: `${rbacGroup}/v1` as const,
    kind: "RoleBinding" as const,
    metadata: { ...toRole, labels: ourLabels },
    roleRef: { apiGroup: rbacGroup, kind: "Role", name: toRole.name },
    subjects: [{ kind: "ServiceAccount", name: bootstrap.name, namespace }],
  };
}

/**
 * Rights of vault-bootstrap to request a sync of what it wrote, one Role in each namespace that reads any of it:
 * it may change the ExternalSecrets of its configuration and no others. They hold no values, so it may read all of them:
 * one watch for each namespace shows when they have synced.
 */
export function deliveryAccess(stack: EnvironmentStack) {
  const name = `${stack.bootstrap.name}-delivery`;
  const { deliveries } = stack.bootstrap.config;
  const right = (verbs: string[], names?: string[]) => rule("external-secrets.io", "externalsecrets", verbs, names);
  return [...Map.groupBy(deliveries, ({ namespace }) => namespace)].map(([namespace, here]) => {
    const names = [...new Set(here.map((delivery) => delivery.name))].toSorted();
    return {
      namespace,
      role: role(name, namespace, [right(["patch"], names), right(["list", "watch"])]),
      binding: bootstrapRoleBinding(stack, { name, namespace }),
    };
  });
}
