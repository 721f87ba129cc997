import type { V1DaemonSetStatus, V1DeploymentSpec, V1DeploymentStatus, V1StatefulSetSpec } from "@kubernetes/client-node"; // prettier-ignore
import { follow } from "../../clients/kubernetes.ts";
import type { Cluster, KubernetesObject } from "../../clients/kubernetes.ts";

export interface RestartReport {
  /** Workloads that run with the new value now, such as `ameide-dev Deployment/chat`. */
  readonly restarted: readonly string[];
  /** Those that no rollout restarts: somebody must. */
  readonly manual: readonly { readonly workload: string; readonly because: string }[];
  /** The one that did not become ready; none of those after it was touched. @default - all became ready */
  readonly stoppedAt?: { readonly workload: string; readonly because: string };
}

export interface RestartOptions {
  /** For each workload to become ready. */
  readonly timeoutInSeconds: number;
  readonly signal: AbortSignal;
  readonly onRestart: (workload: string) => void;
}

/** As `kubectl rollout restart`, in order, up to the first that does not become ready. @throws what the cluster throws. */
export async function restartWorkloads(
  cluster: Pick<Cluster, "get" | "patch" | "watch">,
  workloads: readonly string[],
  options: RestartOptions,
): Promise<RestartReport> {
  const restarted: string[] = [];
  const manual: { workload: string; because: string }[] = [];
  for (const workload of workloads) {
    const rollout = rolloutOf(workload);
    if (rollout === undefined) {
      manual.push({ workload, because: "no rollout restarts it" });
      continue;
    }
    const { namespace, name } = rollout;
    const [kind, object] = name.split("/");
    const collection = `/apis/apps/v1/namespaces/${namespace}/${kind}s`;
    const because = hindranceOf(await cluster.get<Rollout>(`${collection}/${object}`));
    if (because !== undefined) {
      manual.push({ workload, because });
      continue;
    }
    options.onRestart(workload);
    const missing = await restart(cluster, collection, object ?? "", options);
    if (missing !== undefined) return { restarted, manual, stoppedAt: { workload, because: missing } };
    restarted.push(workload);
  }
  return { restarted, manual };
}

/** A workload's namespace and name, as `kubectl` takes it; `undefined` for one that no rollout restarts, such as a Job. */
export function rolloutOf(workload: string): { readonly namespace: string; readonly name: string } | undefined {
  const { namespace, kind = "", name } = /^(?<namespace>\S+) (?<kind>Deployment|StatefulSet|DaemonSet)\/(?<name>\S+)$/.exec(workload)?.groups ?? {}; // prettier-ignore
  return namespace === undefined ? undefined : { namespace, name: `${kind.toLowerCase()}/${name}` };
}

/** What `kubectl rollout status` reads of a Deployment, a StatefulSet and a DaemonSet. */
interface Rollout extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly generation?: number };
  readonly spec: Partial<Pick<V1DeploymentSpec, "paused" | "replicas"> & Pick<V1StatefulSetSpec, "updateStrategy">>;
  readonly status?: V1DeploymentStatus & Partial<Omit<V1DaemonSetStatus, "conditions">>;
}

function hindranceOf({ spec }: Rollout): string | undefined {
  if (spec.paused === true) return "it is paused";
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type === "OnDelete") return "its update strategy is OnDelete";
  return (rollingUpdate?.partition ?? 0) > 0 ? "its rolling update has a partition" : undefined;
}

/** @returns why it is not ready, if it is not. */
async function restart(
  cluster: Pick<Cluster, "patch" | "get" | "watch">,
  collection: string,
  name: string,
  { timeoutInSeconds, signal }: RestartOptions,
): Promise<string | undefined> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  const { metadata } = (await cluster.patch(`${collection}/${name}`, {
    spec: { template: { metadata: { annotations } } },
  })) as Rollout;
  let progress: Progress = { missing: "its controller has not seen the restart" };
  await follow<Rollout>(cluster, `${collection}?fieldSelector=metadata.name%3D${name}`, {
    see: (now) => (progress = progressOf(now, metadata.generation ?? 0)),
    isOver: () => progress.missing === undefined || progress.isFinal === true,
    over: AbortSignal.any([signal, AbortSignal.timeout(timeoutInSeconds * 1000)]),
  });
  signal.throwIfAborted();
  if (progress.missing === undefined) return undefined;
  return progress.isFinal === true ? progress.missing : `${progress.missing} after ${timeoutInSeconds} s`;
}

interface Progress {
  /** @default - it is ready */
  readonly missing?: string;
  /** Whether waiting is of no use. */
  readonly isFinal?: boolean;
}

function progressOf({ kind, metadata, spec, status = {} }: Rollout, generation: number): Progress {
  if (metadata.deletionTimestamp !== undefined) return { missing: "it is being deleted", isFinal: true };
  if ((status.observedGeneration ?? 0) < generation) return { missing: "its controller has not seen the restart" };
  const failed = status.conditions?.find(({ reason }) => reason === "ProgressDeadlineExceeded");
  if (failed !== undefined) return { missing: failed.message ?? "its progress deadline is exceeded", isFinal: true };
  const isDaemonSet = kind === "DaemonSet" || status.desiredNumberScheduled !== undefined;
  const wanted = (isDaemonSet ? status.desiredNumberScheduled : spec.replicas) ?? (isDaemonSet ? 0 : 1);
  const updated = (isDaemonSet ? status.updatedNumberScheduled : status.updatedReplicas) ?? 0;
  const available = (isDaemonSet ? status.numberAvailable : status.availableReplicas) ?? 0;
  const total = isDaemonSet ? wanted : (status.replicas ?? 0);
  if (updated >= wanted && available >= wanted && total <= updated) return {};
  return { missing: `${updated} of ${wanted} pods are new, ${available} of ${total} are available` };
}
