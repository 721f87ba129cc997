import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { connectionFromKubeconfig } from "../../node/connection.ts";
import { isLoopback } from "../config.ts";
import type { ServerAddress } from "../http-json.ts";
import { stringAt, type PropertyMap } from "../property-value.ts";

/**
 * The cluster of the local environment. What the program's provider says about a cluster must mean the same one: this
 * provider would else change another cluster than the plan says.
 *
 * @throws Error if the kubeconfig leads away from this machine, or the program names another kubeconfig or context.
 */
export async function clusterConnection(kubeconfigPath: string, options: PropertyMap): Promise<ServerAddress> {
  const kubeconfig = stringAt(options, "kubeconfig");
  const context = stringAt(options, "context");
  const current = (parse(readFileSync(kubeconfigPath, "utf8")) as { "current-context"?: string })["current-context"];
  if (kubeconfig !== undefined && !isSameFile(kubeconfig, kubeconfigPath)) {
    throw new Error(
      `kubernetes: the local environment's provider serves ${kubeconfigPath}, the program asks for another kubeconfig`,
    );
  }
  if (context !== undefined && context !== current) {
    throw new Error(
      `kubernetes: context "${context}" does not exist in ${kubeconfigPath}, whose context is "${current ?? ""}"`,
    );
  }
  const { server, token, ...tls } = await connectionFromKubeconfig(kubeconfigPath);
  if (!isLoopback(server))
    throw new Error(`kubernetes: ${kubeconfigPath} leads to ${server}, which is not on this machine`);
  return { url: server, ...tls, ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }) };
}

/** The provider takes a path or the file's whole text. */
function isSameFile(kubeconfig: string, path: string): boolean {
  return kubeconfig.includes("\n")
    ? kubeconfig.trim() === readFileSync(path, "utf8").trim()
    : resolve(kubeconfig) === path;
}
