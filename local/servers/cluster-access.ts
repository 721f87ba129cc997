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
    binding("ameide-local:external-secrets", "ameide-local:external-secrets", clusterUsers.externalSecrets),
    role("ameide-local:node", nodeRules()),
    binding("ameide-local:node", "ameide-local:node", clusterUsers.node),
    binding("ameide-local:kubelet", "system:node", clusterUsers.node),
    binding("ameide-local:issuer-discovery", issuer, "system:unauthenticated", "Group"),
  ];
}

/** External Secrets Operator 0.19.2, deploy/charts/external-secrets/templates/rbac.yaml. */
function operatorRules(): readonly Rule[] {
  const group = "external-secrets.io";
  const namespaced = ["secretstores", "externalsecrets", "pushsecrets"];
  const kinds = [...namespaced, ...namespaced.map((kind) => `cluster${kind}`)];
  return [
    rule(group, kinds, read),
    rule(group, [...kinds, ...kinds.map((kind) => `${kind}/status`)], write),
    rule(group, ["externalsecrets", "pushsecrets"], ["create", "update", "delete"]),
    rule(
      `generators.${group}`,
      ["generatorstates"],
      [...read, "create", "update", "patch", "delete", "deletecollection"],
    ),
    rule("", ["serviceaccounts", "namespaces", "configmaps"], read),
    rule("", ["secrets"], [...read, "create", "update", "delete", "patch"]),
    rule("", ["serviceaccounts/token"], ["create"]),
    rule("", ["events"], ["create", "patch"]),
  ];
}

/** What `system:node` lacks: it also schedules. */
function nodeRules(): readonly Rule[] {
  const events = ["create", "patch", "update"];
  return [
    rule("", ["pods/binding"], ["create"]),
    rule("", ["pods", "nodes"], read),
    rule("", ["events"], events),
    rule("events.k8s.io", ["events"], events),
  ];
}

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [apiGroup], resources, verbs };
}

const apiGroup = "rbac.authorization.k8s.io";

function role(name: string, rules: readonly Rule[]): ClusterObject {
  return rbacObject("ClusterRole", name, { rules });
}

function binding(name: string, roleName: string, subject: string, kind: "User" | "Group" = "User"): ClusterObject {
  const roleRef = { apiGroup, kind: "ClusterRole", name: roleName };
  return rbacObject("ClusterRoleBinding", name, { roleRef, subjects: [{ apiGroup, kind, name: subject }] });
}

function rbacObject(kind: string, name: string, content: object): ClusterObject {
  const path = `/apis/${apiGroup}/v1/${kind.toLowerCase()}s/${name}`;
  return { path, object: { apiVersion: `${apiGroup}/v1`, kind, metadata: { name }, ...content } };
}
