import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { arch, cpus, hostname, release, totalmem } from "node:os";
import { join } from "node:path";
import { KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import type { LocalHome } from "../../local/home.ts";
import { eventReporter } from "./events.ts";
import { serveLogs } from "./log-server.ts";
import { wholeSeconds } from "./pod.ts";
import { Pods } from "./pods.ts";

/** Also the user name in its certificate, after `system:node:`. */
const nodeName = "ameide-local-node";

/**
 * A Node that is Ready, its scheduler, and a kubelet that runs containers as plain processes of this machine. Command,
 * environment, volumes, tokens, exit codes, logs and deadlines behave as under a kubelet. **Not** supported: images (it
 * runs `/nodejs/bin/node` only; any other pod waits with `ImagePullBackOff`), `readOnlyRootFilesystem`, `runAsUser`,
 * networks, probes and limits. Mount paths are rewritten in command, arguments and environment.
 *
 * Its files are in `pods/<uid>` of the home: volumes, logs and process identities; 0700, files 0600. It has the
 * permissions of `system:node`, and Events and `pods/binding`.
 *
 * @returns once the Node is registered and logs are served; `close` ends every pod's processes.
 */
export async function startHomeNode(home: LocalHome): Promise<{ close(): Promise<void> }> {
  const read = (path: string) => readFileSync(path, "utf8");
  const { caCertificate, kubeletServerCertificate, kubeletServerKey, nodeCertificate, nodeKey } = home.kubernetes;
  const ca = read(caCertificate);
  const dir = join(home.node.dir, "pods");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const api = new KubernetesClient({
    address: home.kubernetesUrl,
    ca,
    cert: read(nodeCertificate),
    key: read(nodeKey),
    connections: 16,
    timeoutInMs: 15_000,
  });
  const closing = new AbortController();
  const host = { api, closing: closing.signal, report: eventReporter(api, nodeName) };
  const pods = new Pods(host, nodeName, dir);
  let isRegistered = false;
  const serving = { cert: read(kubeletServerCertificate), key: read(kubeletServerKey), clientCa: ca };
  const server = await serveLogs(pods, home.port("kubelet"), serving, () => isRegistered);
  try {
    await registerNode(api, home.port("kubelet"));
    isRegistered = true;
  } catch (error) {
    server.close();
    api.close();
    throw error;
  }
  const following = pods.follow();
  return {
    close: async () => {
      closing.abort();
      await Promise.all([following, pods.stopAll()]);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      api.close();
    },
  };
}

const architecture = arch() === "x64" ? "amd64" : arch();

/** Creates or reuses the Node. No Lease and no renewal: no controller of this cluster watches nodes. */
async function registerNode(api: KubernetesClient, port: number): Promise<void> {
  const labels = {
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "ameide.io/stand-in": "node",
  };
  try {
    await api.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, labels } });
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
  await api.patch(`/api/v1/nodes/${nodeName}/status`, { status }, "application/strategic-merge-patch+json");
}
