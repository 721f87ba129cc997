import { arch, cpus, hostname, release, totalmem } from "node:os";
import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import { wholeSeconds } from "./pod.ts";

export interface NodeIdentity {
  readonly name: string;
  /** Where the API server asks for logs. */
  readonly port: number;
}

const architecture = arch() === "x64" ? "amd64" : arch();

/**
 * Registers the Node, or takes over the one of an earlier run, and reports it Ready. It has no Lease and its status is not
 * renewed: no controller of this cluster watches nodes.
 */
export async function registerNode(api: KubernetesClient, { name, port }: NodeIdentity): Promise<void> {
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "ameide.io/stand-in": "node",
  };
  try {
    await api.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 409) throw error;
  }
  const resources = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: "110" };
  const now = wholeSeconds();
  const status = {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: "InternalIP", address: "127.0.0.1" },
      { type: "Hostname", address: hostname() },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "reported by the node stand-in of the local environment",
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: {
      kernelVersion: release(),
      osImage: "node stand-in (no containers)",
      containerRuntimeVersion: `process://node-${process.versions.node}`,
      kubeletVersion: "v0.0.0-stand-in",
      operatingSystem: "linux",
      architecture,
      // required by the API, and unknown here
      machineID: "",
      systemUUID: "",
      bootID: "",
      kubeProxyVersion: "",
    },
  };
  await api.patch(`/api/v1/nodes/${name}/status`, { status }, "application/strategic-merge-patch+json");
}
