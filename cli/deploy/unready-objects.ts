import type { V1Pod } from "@kubernetes/client-node";
import { observeWarnings } from "../../diagnose/observe/deliveries.ts";
import type { ConditionObject, Live } from "../../diagnose/observe/kubernetes-list.ts";
import { lastWords } from "../access/bootstrap-job.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import type { FailedObject } from "./engine/change.ts";
import { LiveObjects, splitObject } from "./ownership/kubernetes-objects.ts";

/**
 * Why objects of a failed update are not ready: their conditions and newest Warning Event, and for a Job how its
 * containers ended. The Kubernetes provider itself only reports "timed out waiting for the condition".
 *
 * @returns lines of text; none for an object that is ready or does not exist.
 */
export async function explainUnready(cluster: Cluster, failed: readonly FailedObject[]): Promise<readonly string[]> {
  const live = new LiveObjects(cluster);
  const unread = ({ type, object }: FailedObject, error: unknown) =>
    `${type.split(":").at(-1)} ${object}: why it is not ready cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  const explained = await Promise.all(failed.map((one) => explain(live, one).catch((error) => [unread(one, error)])));
  return explained.flat();
}

async function explain(live: LiveObjects, { type, object }: FailedObject): Promise<string[]> {
  const found = await live.find(type, object);
  if (found === undefined) return [];
  const { cluster } = live;
  const kind = type.split(":").at(-1) ?? type;
  const { name, namespace } = splitObject(object);
  const [pods, warnings] = await Promise.all([
    kind === "Job" && namespace !== undefined ? podReasons(cluster, namespace, name) : [],
    observeWarnings(cluster, namespace ?? "default"),
  ]);
  const warning = warnings.ok ? warnings.value.get(`${kind}/${name}`) : undefined;
  const conditions = conditionReasons(kind, found["status"] as Parameters<typeof conditionReasons>[1]);
  const event = warning && textOf(warning);
  const isNew = event !== undefined && !conditions.some((reason) => reason.endsWith(event));
  const reasons = [...conditions, ...pods, ...(isNew ? [`Warning ${event}`] : [])];
  if (!warnings.ok && reasons.length > 0) reasons.push(`its Events cannot be read: ${warnings.failure.message}`);
  return reasons.length === 0 ? [] : [`${kind} ${object}:`, ...reasons.map((reason) => `  ${reason}`)];
}

function conditionReasons(
  kind: string,
  { conditions = [] }: { readonly conditions?: readonly ConditionObject[] } = {},
): string[] {
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
  const { items } = await cluster.get<{ items: readonly Live<V1Pod>[] }>(
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
