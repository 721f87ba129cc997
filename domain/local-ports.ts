/** The loopback ports of the local environment, as offsets from `portBase`; ten in a row, so that one number moves all. */
export const localPorts = {
  vault: 0,
  vaultCluster: 1,
  kubernetes: 2,
  etcdClient: 3,
  etcdPeer: 4,
  controllerManager: 5,
  externalSecretsMetrics: 6,
  externalSecretsHealth: 7,
  azure: 8,
  kubelet: 9,
} as const;

export type LocalPort = keyof typeof localPorts;

export function localPort(portBase: number, port: LocalPort): number {
  return portBase + localPorts[port];
}
