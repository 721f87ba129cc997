import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { KubernetesClient } from "../../clients/kubernetes.ts";
import type { LocalHome } from "../../local/home.ts";
import { eventReporter } from "./events.ts";
import { serveLogs } from "./log-server.ts";
import { registerNode } from "./node-object.ts";
import { Pods } from "./pods.ts";

/** Also the user name in its certificate, after `system:node:`. */
const nodeName = "ameide-local-node";

/**
 * The node stand-in of the local environment: a Node that is Ready, a scheduler that knows no other node, and a kubelet
 * with containers that are plain processes of this machine. Their command, environment, volumes, tokens, exit codes, logs
 * and deadlines are as a kubelet has them. What a container runtime would add is **not** here: no image is pulled (one
 * program is known, `/nodejs/bin/node`; any other pod waits with `ImagePullBackOff`), no file system of its own
 * (`readOnlyRootFilesystem` and `runAsUser` are not enforced, mount paths are rewritten in command, arguments and
 * environment), no network of its own, no probes, no limits.
 *
 * Its files are in the home: `pods/<uid>` for each pod, with volumes, logs and process identities; 0700, files 0600. Its
 * rights are those of `system:node`, and Events and `pods/binding`.
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
  const node = { name: nodeName, port: home.port("kubelet") };
  const host = { api, closing: closing.signal, report: eventReporter(api, nodeName) };
  const pods = new Pods(host, nodeName, dir);
  let isRegistered = false;
  const serving = { cert: read(kubeletServerCertificate), key: read(kubeletServerKey), clientCa: ca };
  const server = await serveLogs(pods, node.port, serving, () => isRegistered);
  try {
    await registerNode(api, node);
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
