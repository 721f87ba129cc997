export { openCluster } from "../../clients/kubeconfig.ts";
export { KubernetesError, type Cluster, type KubernetesObject } from "../../clients/kubernetes.ts";
