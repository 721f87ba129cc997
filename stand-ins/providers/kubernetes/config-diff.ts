import { existsSync, readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { ConfigDiff } from "../provider.ts";
import { hasUnknown, isMap, revealed, sameValue, stringAt, toJson, type PropertyMap } from "../property-value.ts";
import type { JsonObject, PropertyValue } from "../property-value.ts";

const clusterProperties = ["kubeconfig", "context", "cluster"];

/**
 * Compares two configurations of the provider. A new provider replaces every object in the cluster, so this decides
 * whether the cluster is another one: by `clusterIdentifier` where both have it, else by the active cluster's entry in
 * the kubeconfig. A path counts for the file's content now: the same path never differs, whatever changed in the file.
 *
 * @param isOffline - whether a kubeconfig that does not exist here counts as one without a cluster: a plan without a
 *   cluster is often made on another machine. @default false
 * @throws Error if the kubeconfig, old or new, does not exist or is not one.
 * @see https://github.com/pulumi/pulumi-kubernetes/blob/v4.32.0/provider/pkg/provider/provider.go (DiffConfig)
 */
export function diffKubernetesConfig(before: PropertyMap, after: PropertyMap, isOffline = false): ConfigDiff {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const diffs = [...keys].filter((key) => !sameValue(before[key], after[key])).toSorted();
  if (diffs.length === 0) return { diffs, replaces: [] };
  const oldIdentifier = stringAt(before, "clusterIdentifier");
  const identifier = stringAt(after, "clusterIdentifier");
  const isSameByName = identifier !== undefined && identifier === oldIdentifier;
  const isOtherByName = identifier !== undefined && oldIdentifier !== undefined && identifier !== oldIdentifier;
  const computed = clusterProperties.find((key) => hasUnknown(after[key]));
  const isComparable = !isOffline || [before, after].every(isKubeconfigHere);
  const changed =
    computed !== undefined ? [computed] : isComparable ? changedClusterProperties(before, after, diffs) : [];
  return {
    diffs: computed === undefined ? diffs : [computed],
    replaces: isSameByName ? [] : [...(isOtherByName ? ["clusterIdentifier"] : []), ...changed],
  };
}

function changedClusterProperties(before: PropertyMap, after: PropertyMap, diffs: readonly string[]): string[] {
  const oldCluster = activeCluster(before);
  const cluster = activeCluster(after);
  if (oldCluster === undefined || cluster === undefined || sameValue(oldCluster, cluster)) return [];
  return clusterProperties.filter((key) => diffs.includes(key));
}

function isKubeconfigHere(options: PropertyMap): boolean {
  const kubeconfig = revealed(options["kubeconfig"]);
  return typeof kubeconfig !== "string" || kubeconfig.includes("\n") || existsSync(kubeconfig);
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly { readonly name: string; readonly context?: { readonly cluster?: string } }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster?: JsonObject }[];
}

function activeCluster(options: PropertyMap): JsonObject | undefined {
  const config = parseKubeconfig(revealed(options["kubeconfig"]));
  const current = stringAt(options, "context") ?? config["current-context"];
  const context = config.contexts?.find(({ name }) => name === current)?.context;
  if (context === undefined) return undefined;
  const active = stringAt(options, "cluster") ?? context.cluster;
  return config.clusters?.find(({ name }) => name === active)?.cluster;
}

function parseKubeconfig(kubeconfig: PropertyValue | undefined): Kubeconfig {
  if (kubeconfig === undefined || kubeconfig === null || kubeconfig === "") return {};
  if (isMap(kubeconfig)) return toJson(kubeconfig) as Kubeconfig;
  if (typeof kubeconfig !== "string") throw new Error("unexpected kubeconfig format");
  // The parser's own message would repeat a line of the file, which may hold a token.
  const document = parseDocument(existsSync(kubeconfig) ? readFileSync(kubeconfig, "utf8") : kubeconfig);
  const parsed: unknown = document.errors.length === 0 ? document.toJS() : undefined;
  if (typeof parsed === "object" && parsed !== null) return parsed;
  throw new Error("failed to parse kubeconfig: couldn't get version/kind");
}
