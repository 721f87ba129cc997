import { clusterUsers } from "./certificates.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface ClusterObject {
  readonly path: string;
  readonly object: { readonly metadata: { readonly name: string } } & Readonly<Record<string, unknown>>;
}

const read = ["get", "list", "watch"];
const write = ["get", "update", "patch"];

/**
 * Who may do what: the operator as its own chart has it, the node stand-in as a kubelet and a scheduler have it, and
 * everybody reads the issuer's keys, which Azure needs of any cluster that federates.
 */
export function clusterAccess(): readonly [ClusterObject, ...ClusterObject[]] {
  const issuer = "system:service-account-issuer-discovery";
  return [
    role("ameide-local:external-secrets", operatorRules()),
    binding("ameide-local:external-secrets", "ameide-local:external-secrets", user(clusterUsers.externalSecrets)),
    role("ameide-local:node", nodeRules()),
    binding("ameide-local:node", "ameide-local:node", user(clusterUsers.node)),
    binding("ameide-local:kubelet", "system:node", user(clusterUsers.node)),
    binding("ameide-local:issuer-discovery", issuer, group("system:unauthenticated")),
  ];
}

/** External Secrets Operator 0.19.2, deploy/charts/external-secrets/templates/rbac.yaml. */
function operatorRules(): readonly Rule[] {
  const kinds = [
    "secretstores",
    "clustersecretstores",
    "externalsecrets",
    "clusterexternalsecrets",
    "pushsecrets",
    "clusterpushsecrets",
  ];
  return [
    { apiGroups: ["external-secrets.io"], resources: kinds, verbs: read },
    { apiGroups: ["external-secrets.io"], resources: kinds.flatMap((kind) => [kind, `${kind}/status`]), verbs: write },
    {
      apiGroups: ["external-secrets.io"],
      resources: ["externalsecrets", "pushsecrets"],
      verbs: ["create", "update", "delete"],
    },
    {
      apiGroups: ["generators.external-secrets.io"],
      resources: ["generatorstates"],
      verbs: [...read, "create", "update", "patch", "delete", "deletecollection"],
    },
    { apiGroups: [""], resources: ["serviceaccounts", "namespaces", "configmaps"], verbs: read },
    { apiGroups: [""], resources: ["secrets"], verbs: [...read, "create", "update", "delete", "patch"] },
    { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
    { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
  ];
}

/** What `system:node` lacks: it also schedules. */
function nodeRules(): readonly Rule[] {
  return [
    { apiGroups: [""], resources: ["pods/binding"], verbs: ["create"] },
    { apiGroups: [""], resources: ["pods", "nodes"], verbs: read },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
  ];
}

function role(name: string, rules: readonly Rule[]): ClusterObject {
  return {
    path: `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`,
    object: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules },
  };
}

function binding(
  name: string,
  roleName: string,
  subject: { readonly kind: string; readonly name: string },
): ClusterObject {
  const apiGroup = "rbac.authorization.k8s.io";
  return {
    path: `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}`,
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name: roleName },
      subjects: [{ apiGroup, ...subject }],
    },
  };
}

function user(name: string): { readonly kind: string; readonly name: string } {
  return { kind: "User", name };
}

function group(name: string): { readonly kind: string; readonly name: string } {
  return { kind: "Group", name };
}
