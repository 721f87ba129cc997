import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { connectionFromKubeconfig, type ApiConnection } from "../../node/connection.ts";
import { isLoopback } from "../config.ts";
import { stringAt, type PropertyMap } from "../property-value.ts";

/**
 * The cluster of the local environment. What the program says about its cluster must lead to the same one: the
 * provider would otherwise change another cluster than the plan says. Another file, another CA or another name of
 * this machine is allowed, as long as the port is the same.
 *
 * @throws Error if the program's kubeconfig or context leads anywhere else.
 */
export async function clusterConnection(kubeconfigPath: string, options: PropertyMap): Promise<ApiConnection> {
  const context = stringAt(options, "context");
  const path = pathOf(stringAt(options, "kubeconfig"), kubeconfigPath);
  const current = (parse(readFileSync(path, "utf8")) as { "current-context"?: string })["current-context"];
  if (context !== undefined && context !== current) {
    throw new Error(`kubernetes: context "${context}" does not exist in ${path}, whose context is "${current ?? ""}"`);
  }
  const connection = await connectionFromKubeconfig(path);
  const { address } = connection;
  if (!isLoopback(address)) throw new Error(`kubernetes: ${path} leads to ${address}, which is not on this machine`);
  const { address: own } = path === kubeconfigPath ? connection : await connectionFromKubeconfig(kubeconfigPath);
  if (new URL(address).port !== new URL(own).port) {
    throw new Error(`kubernetes: ${path} leads to ${address}, but the local environment's cluster is ${own}`);
  }
  return connection;
}

/** The provider accepts a path or the file's whole text; here, the text of the local environment's own file only. */
function pathOf(kubeconfig: string | undefined, ownPath: string): string {
  if (kubeconfig === undefined) return ownPath;
  if (!kubeconfig.includes("\n")) return resolve(kubeconfig);
  if (kubeconfig.trim() === readFileSync(ownPath, "utf8").trim()) return ownPath;
  throw new Error(`kubernetes: the local environment's provider serves ${ownPath}, the program has another kubeconfig`);
}
