import { observeWarnings } from "../../diagnose/observe/deliveries.ts";
import { lastWords } from "../access/bootstrap-job.ts";
import type { Cluster, KubernetesObject } from "../../clients/kubernetes.ts";
import type { FailedObject } from "./engine/run-log.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface LiveObject extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Pod extends KubernetesObject {
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string };
        readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
      };
    }[];
  };
}

/**
 * Why objects of a failed update are not ready: their conditions and newest Warning Event, and for a Job how its
 * containers ended. The Kubernetes provider itself only reports "timed out waiting for the condition".
 *
 * @returns lines of text; none for an object that is ready, does not exist or cannot be read.
 */
export async function explainUnready(cluster: Cluster, failed: readonly FailedObject[]): Promise<readonly string[]> {
  const explained = await Promise.all(failed.map((object) => explain(cluster, object).catch(() => [])));
  return explained.flat();
}

async function explain(cluster: Cluster, { apiVersion, kind, namespace, name }: FailedObject): Promise<string[]> {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await cluster.get<{ resources: readonly { name: string; kind: string }[] }>(group);
  const plural = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"))?.name;
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const live = plural && (await cluster.find<LiveObject>(`${group}${scope}/${plural}/${name}`));
  if (!live) return [];
  const [pods, warnings] = await Promise.all([
    kind === "Job" && namespace !== undefined ? podReasons(cluster, namespace, name) : [],
    observeWarnings(cluster, namespace ?? "default"),
  ]);
  const warning = warnings.ok ? warnings.value.get(`${kind}/${name}`) : undefined;
  const conditions = conditionReasons(live);
  const event = warning && textOf(warning);
  const isNew = event !== undefined && !conditions.some((reason) => reason.endsWith(event));
  const reasons = [...conditions, ...pods, ...(isNew ? [`Warning ${event}`] : [])];
  const title = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}:`;
  return reasons.length === 0 ? [] : [title, ...reasons.map((reason) => `  ${reason}`)];
}

function conditionReasons({ kind, status }: LiveObject): string[] {
  const conditions = status?.conditions ?? [];
  if (kind === "Job") {
    return conditions
      .filter(({ type, status: is }) => type === "Failed" && is === "True")
      .map((condition) => `failed: ${textOf(condition)}`);
  }
  if (conditions.length === 0) return ["it has no condition yet: is its controller running?"];
  return conditions
    .filter(({ status: is }) => is !== "True")
    .map((condition) => `condition ${condition.type} is ${condition.status}: ${textOf(condition)}`);
}

async function podReasons(cluster: Cluster, namespace: string, job: string): Promise<string[]> {
  const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
  const { items } = await cluster.get<{ items: readonly Pod[] }>(
    `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`,
  );
  return items.flatMap(({ metadata, status }) => [
    ...(status?.conditions ?? [])
      .filter(({ type, status: is }) => type === "PodScheduled" && is === "False")
      .map((condition) => `pod ${metadata.name} is not scheduled: ${textOf(condition)}`),
    ...(status?.containerStatuses ?? []).flatMap(({ name, state }) => {
      const container = `pod ${metadata.name}, container ${name}`;
      if (state?.waiting !== undefined) return [`${container} waits: ${textOf(state.waiting)}`];
      if (state?.terminated === undefined || state.terminated.exitCode === 0) return [];
      const { exitCode, reason, message = "" } = state.terminated;
      if (message.trim() === "") return [`${container} exited with ${exitCode}: ${reason ?? "without a message"}`];
      const { said, fix } = lastWords(message);
      return [`${container} exited with ${exitCode}: ${said.replaceAll(/\s+/g, " ")}`, `  fix: ${fix}`];
    }),
  ]);
}

function textOf({ reason = "", message = "" }: { readonly reason?: string; readonly message?: string }): string {
  return [reason, message.replaceAll(/\s+/g, " ").trim()].filter((text) => text !== "").join(": ");
}
