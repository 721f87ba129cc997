import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCluster } from "../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { openWayToVault } from "../../../cli/access/vault-way.ts";
import type { VaultReader } from "../../../diagnose/observe/access.ts";
import { freePortBase } from "../../support/servers.ts";
import type { World } from "./world.ts";

/** A person who may look at the environment's namespace and do no more there. */
const name = "viewer";
/** The user name that the API server sees. */
export const viewerUser = (namespace: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Creates the account and binds the cluster's own role `view` to it. */
export async function addViewer({ namespace, connected: { cluster } }: World): Promise<void> {
  await cluster.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  await cluster.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
}

/** Vault as the viewer reaches it: through a port-forward that the command opens with the viewer's kubeconfig. */
export async function vaultForViewer(world: World): Promise<VaultReader> {
  const { stack, cluster: admin } = world.connected;
  const account = `/api/v1/namespaces/${world.namespace}/serviceaccounts/${name}`;
  const { status } = await admin.create<{ status: { token: string } }>(`${account}/token`, { spec: {} });
  const cluster = { ...stack.cluster, kubeconfig: kubeconfigWith(world, status.token) };
  const operatorAddress = `http://127.0.0.1:${await freePortBase()}`;
  const viewed = { ...stack, cluster, vault: { ...stack.vault, operatorAddress } };
  const way = await openWayToVault(viewed, await openCluster(cluster));
  await way.close();
  const { closed } = way;
  if (!(closed instanceof Error)) throw new Error(`the way to Vault is ${closed ?? "open"}`);
  return { address: operatorAddress, hasToken: false, get: () => Promise.reject(closed) };
}

/** The cluster as somebody with an expired login sees it. */
export function clusterByEndedLogin(world: World): Promise<Cluster> {
  return openCluster({ ...world.connected.stack.cluster, kubeconfig: kubeconfigWith(world, "ended") });
}

function kubeconfigWith({ chain: { home }, connected: { stack } }: World, token: string): string {
  const kubeconfig = join(home.dir, "viewer.kubeconfig");
  const { context } = stack.cluster;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: context, cluster: { server: home.kubernetesUrl, "certificate-authority": home.kubernetes.caCertificate } }], // prettier-ignore
    users: [{ name, user: { token } }],
    contexts: [{ name: context, context: { cluster: context, user: name } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return kubeconfig;
}
