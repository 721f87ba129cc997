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

/** The account of vault-bootstrap. `clientId` is an output of the identity's resource, never a literal. */
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

/** What vault-bootstrap may do in its namespace. Kubernetes cannot limit `create` by name. */
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

/** To request syncs: change only the ExternalSecrets of its configuration; watch all, since they hold no values. */
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
