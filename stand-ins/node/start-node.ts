import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ApiConnection, connectionFromKubeconfig } from "./connection.ts";
import { eventReporter } from "./events.ts";
import { KubernetesClient } from "../../clients/kubernetes.ts";
import { serveLogs, type Serving } from "./log-server.ts";
import { keepAlive, registerNode } from "./node-object.ts";
import { Pods } from "./pods.ts";
import { readFileSync } from "node:fs";
import type { LocalHome } from "../../local/home.ts";

export interface NodeOptions {
  /** By whom pods are read, bound and reported on: `system:node` rights, `pods/binding` and Events. */
  readonly connection: ApiConnection;
  /** Gets `pods/<uid>` for each pod: volumes, logs, process identities; 0700, files 0600. */
  readonly dir: string;
  /** Where the API server asks for logs, on 127.0.0.1. */
  readonly port: number;
  readonly serving: Serving;
  /** Program that runs in place of `/nodejs/bin/node`. @default - the one that runs this process */
  readonly nodeBinary?: string;
  /** @default "ameide-local-node" */
  readonly nodeName?: string;
}

/**
 * The node stand-in of the local environment: a Node that is Ready, a scheduler that knows no other node, and a kubelet
 * with containers that are plain processes of this machine. Their command, environment, volumes, tokens, exit codes, logs
 * and deadlines are as a kubelet has them. What a container runtime would add is **not** here: no image is pulled (one
 * program is known, `/nodejs/bin/node`; any other pod waits with `ImagePullBackOff`), no file system of its own
 * (`readOnlyRootFilesystem` and `runAsUser` are not enforced, mount paths are rewritten in command, arguments and
 * environment), no network of its own, no probes, no limits.
 *
 * @returns once the Node is registered and logs are served; `close` ends every pod's processes.
 */
export async function startNode(options: NodeOptions): Promise<{ close(): Promise<void> }> {
  const { connection, port, serving, nodeBinary = process.execPath, nodeName = "ameide-local-node" } = options;
  const dir = join(options.dir, "pods");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const api = new KubernetesClient({ connections: 16, timeoutInMs: 15_000, ...connection });
  const closing = new AbortController();
  const host = { api, nodeBinary, closing: closing.signal, reporter: eventReporter(api, nodeName) };
  const pods = new Pods(host, nodeName, dir);
  let isRegistered = false;
  const server = await serveLogs(pods, port, serving, () => isRegistered);
  try {
    await registerNode(api, { name: nodeName, port });
    isRegistered = true;
  } catch (error) {
    server.close();
    api.close();
    throw error;
  }
  const tasks = [pods.follow(), keepAlive(api, { name: nodeName, port }, closing.signal)];
  return {
    close: async () => {
      closing.abort();
      await Promise.all([...tasks, pods.stopAll()]);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      api.close();
    },
  };
}

/**
 * The node of a local environment, from the files in its home: its rights, and the certificate that the API server
 * knows it by.
 *
 * @returns as {@link startNode} does.
 */
export async function startHomeNode(home: LocalHome): Promise<{ close(): Promise<void> }> {
  const { caCertificate, kubeletServerCertificate, kubeletServerKey, nodeKubeconfig } = home.kubernetes;
  const serving: NodeOptions["serving"] = {
    cert: readFileSync(kubeletServerCertificate, "utf8"),
    key: readFileSync(kubeletServerKey, "utf8"),
    clientCa: readFileSync(caCertificate, "utf8"),
  };
  const connection = await connectionFromKubeconfig(nodeKubeconfig);
  return startNode({ connection, dir: home.node.dir, port: home.port("kubelet"), serving });
}
