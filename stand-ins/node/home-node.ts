import { readFileSync } from "node:fs";
import type { LocalHome } from "../../local/home.ts";
import { connectionFromKubeconfig } from "./connection.ts";
import { startNode, type NodeOptions } from "./start-node.ts";

/**
 * The node of a local environment, by what lies in its home: whose rights it has, and the certificate that the API server
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
