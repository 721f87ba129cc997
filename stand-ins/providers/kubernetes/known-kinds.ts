/** Cluster-scoped kinds, for a plan without a cluster to ask. Any other kind counts as namespaced, as in the provider. */
const clusterScoped = new Set([
  "APIService",
  "CertificateSigningRequest",
  "ClusterExternalSecret",
  "ClusterGenerator",
  "ClusterPushSecret",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterSecretStore",
  "CSIDriver",
  "CustomResourceDefinition",
  "IngressClass",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
]);

export function isProbablyNamespaced(kind: string): boolean {
  return !clusterScoped.has(kind);
}

/** Whether Kubernetes itself defines the kind, such as `v1` or `rbac.authorization.k8s.io/v1`. */
export function isBuiltIn(apiVersion: string): boolean {
  const [group = "", version] = apiVersion.split("/");
  return version === undefined || !group.includes(".") || group.endsWith(".k8s.io");
}

const selector = [["spec", "selector"]];

/**
 * Fields that the API server lets no one change, beside name and namespace.
 * @see https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
 */
const immutable: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ClusterRoleBinding: [["roleRef"]],
  ConfigMap: [["binaryData"], ["data"], ["immutable"]],
  DaemonSet: selector,
  Deployment: selector,
  Job: [
    ["spec", "completions"],
    ["spec", "parallelism"],
    ["spec", "selector"],
    ["spec", "template"],
  ],
  PersistentVolumeClaim: [["spec"]],
  Pod: [["spec"]],
  RoleBinding: [["roleRef"]],
  Secret: [["type"], ["stringData"], ["data"], ["immutable"]],
  Service: [["spec", "clusterIP"]],
  StatefulSet: [
    ["spec", "podManagementPolicy"],
    ["spec", "revisionHistoryLimit"],
    ["spec", "selector"],
    ["spec", "serviceName"],
    ["spec", "volumeClaimTemplates"],
  ],
  StorageClass: [["parameters"], ["provisioner"]],
};

const identity = [
  ["metadata", "name"],
  ["metadata", "namespace"],
];

export interface Mutability {
  /** The provider's `enableConfigMapMutable` and `enableSecretMutable`. */
  readonly configMap: boolean;
  readonly secret: boolean;
}

/** Paths whose change replaces the object. A patch of another owner's object is replaced only with its identity. */
export function replacePaths(kind: string, isPatch: boolean, mutable: Mutability): readonly (readonly string[])[] {
  if (isPatch || (kind === "ConfigMap" && mutable.configMap) || (kind === "Secret" && mutable.secret)) return identity;
  return [...identity, ...(immutable[kind] ?? [])];
}
