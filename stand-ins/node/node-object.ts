import { arch, cpus, hostname, release, totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import { untilAnswered } from "./api-retry.ts";

/** As a kubelet: the lease every 10 s (the controller-manager gives a node up after 40), the status every 5 min. */
const leaseIntervalInMilliseconds = 10_000;
const leaseDurationInSeconds = 40;
const leasesPerStatus = 30;

export interface NodeIdentity {
  readonly name: string;
  /** Where the API server asks for logs. */
  readonly port: number;
}

/** Registers the Node, or takes up the one of an earlier run, and reports it Ready. */
export async function registerNode(api: KubernetesClient, { name, port }: NodeIdentity): Promise<void> {
  try {
    await api.create("/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": architecture(),
          "ameide.io/stand-in": "node",
        },
      },
    });
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 409) throw error;
  }
  await reportReady(api, { name, port });
  await renewLease(api, name);
}

/** Keeps the Node alive in the eyes of the controller-manager until `stop` aborts. */
export async function keepAlive(api: KubernetesClient, node: NodeIdentity, stop: AbortSignal): Promise<void> {
  for (let count = 1; ; count += 1) {
    await delay(leaseIntervalInMilliseconds, undefined, { signal: stop, ref: false }).catch(() => undefined);
    if (stop.aborted) return;
    await untilAnswered(() => renewLease(api, node.name), stop);
    if (count % leasesPerStatus === 0) await untilAnswered(() => reportReady(api, node), stop);
  }
}

async function renewLease(api: KubernetesClient, name: string): Promise<void> {
  const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseDurationInSeconds, renewTime: microTime() };
  try {
    await api.patch(`${leases}/${name}`, { spec });
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 404) throw error;
    await api.create(leases, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec });
  }
}

async function reportReady(api: KubernetesClient, { name, port }: NodeIdentity): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: "reported by the node stand-in of the local environment",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  const resources = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: "110" };
  await api.patch(
    `/api/v1/nodes/${name}/status`,
    {
      status: {
        capacity: resources,
        allocatable: resources,
        addresses: [
          { type: "InternalIP", address: "127.0.0.1" },
          { type: "Hostname", address: hostname() },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        conditions: [
          condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
          condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
          condition("PIDPressure", "False", "KubeletHasSufficientPID"),
          condition("Ready", "True", "KubeletReady"),
        ],
        nodeInfo: {
          machineID: "",
          systemUUID: "",
          bootID: "",
          kernelVersion: release(),
          osImage: "node stand-in (no containers)",
          containerRuntimeVersion: `process://node-${process.versions.node}`,
          kubeletVersion: "v0.0.0-stand-in",
          kubeProxyVersion: "",
          operatingSystem: "linux",
          architecture: architecture(),
        },
      },
    },
    "application/strategic-merge-patch+json",
  );
}

function architecture(): string {
  return arch() === "x64" ? "amd64" : arch();
}

function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
