import type { V1ContainerStatus, V1Pod, V1PodSpec, V1PodTemplateSpec } from "@kubernetes/client-node";
import type {
  ContainerStateSummary,
  Observed,
  PodState,
  SecretUse,
  WarningState,
  WorkloadState,
  PullElsewhereState,
} from "../snapshot.ts";
import type { KubernetesReader } from "./access.ts";
import { listAll } from "../../clients/kubernetes.ts";
import { conditionOf, newestFirst, ownerOf, type Json, type Live, type ObjectMetadata } from "./kubernetes-list.ts";
import type { Warnings } from "./deliveries.ts";
import { defined, observed, together, ifFound } from "./observed.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { mapBounded } from "../../clients/pacing.ts";
import { environmentNames } from "../../domain/stage.ts";
import { namespaceOf } from "../../domain/names.ts";

/** Of a pod's Events those that are the kubelet's own words: a probe's or a hook's quote what the container said. */
const kubeletReasons = /^Failed(Mount|AttachVolume|Scheduling|CreatePodSandBox)$/;
/** Why a container never ran, in the runtime's words; any other last message is the program's own, and may hold anything. */
const runtimeReasons = /^(StartError|RunContainerError|ContainerCannotRun|ContainerStatusUnknown|OOMKilled)$/;

export function observePods(
  kubernetes: KubernetesReader,
  namespace: string,
  warnings: Warnings,
): Promise<Observed<readonly PodState[]>> {
  return observed(`list pods in ${namespace}`, () =>
    podStates(kubernetes, `/api/v1/namespaces/${namespace}/pods`, warnings),
  );
}

/** @param warnings - of the one namespace that is listed. @default - none are known */
export async function podStates(
  kubernetes: KubernetesReader,
  path: string,
  warnings: Warnings = new Map(),
): Promise<readonly PodState[]> {
  const pods = await listAll<Live<V1Pod>>(kubernetes, path);
  return newestFirst(pods).map((pod) => {
    const warning = warnings.get(`Pod/${pod.metadata.name}`);
    return podState(pod, kubeletReasons.test(warning?.reason ?? "") ? warning : undefined);
  });
}

function podState({ metadata, spec, status = {} }: Live<V1Pod>, warning?: WarningState): PodState {
  const scheduled = conditionOf(status.conditions, "PodScheduled");
  const unschedulable =
    scheduled?.status === "False" ? scheduled.message || scheduled.reason || "unschedulable" : undefined;
  const startedAt = firstStart(status.containerStatuses) ?? status.startTime;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    phase: status.phase ?? "Unknown",
    createdAt: metadata.creationTimestamp ?? "",
    imagePullSecrets: (spec?.imagePullSecrets ?? []).flatMap(({ name = [] }) => name),
    ...defined({ startedAt, owner: ownerOf(metadata), unschedulable, warning }),
    ...(metadata.deletionTimestamp !== undefined && { isEnding: true }),
    containers: [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(containerState),
    secrets: secretsOf(spec),
  };
}

/** When the oldest of its containers started: a restarted container has read its environment again. */
function firstStart(containers: readonly Json<V1ContainerStatus>[] = []): string | undefined {
  const starts = containers.map(({ state }) => state?.running?.startedAt).filter((at) => at !== undefined);
  return starts.toSorted()[0];
}

function containerState({ name, image, state = {} }: Json<V1ContainerStatus>): ContainerStateSummary {
  const { reason, message: said } = state.waiting ?? state.terminated ?? {};
  const isRuntimes = state.waiting !== undefined || runtimeReasons.test(reason ?? "");
  const message = isRuntimes ? said?.slice(0, 600) : undefined;
  return { name, image, ...defined({ reason, message }) };
}

function secretsOf(spec: Json<V1PodSpec> | undefined): readonly SecretUse[] {
  const {
    volumes = [],
    containers = [],
    initContainers = [],
    ephemeralContainers = [],
    imagePullSecrets = [],
  } = spec ?? {};
  const uses = new Map<string, SecretUse>();
  const add = (by: SecretUse["by"], secret: string | undefined): void => {
    if (secret !== undefined) uses.set(`${by} ${secret}`, { secret, by });
  };
  const all = [...initContainers, ...containers, ...ephemeralContainers];
  for (const { env = [], envFrom = [] } of all) {
    for (const { valueFrom } of env) add("environment", valueFrom?.secretKeyRef?.name);
    for (const { secretRef } of envFrom) add("environment", secretRef?.name);
  }
  const mounts = all.flatMap(({ volumeMounts = [] }) => volumeMounts);
  for (const { name, secret, projected } of volumes) {
    const own = mounts.filter((mount) => mount.name === name);
    const ways = new Set(own.map(({ subPath = "", subPathExpr = "" }) => subPath !== "" || subPathExpr !== ""));
    const secrets = [secret?.secretName, ...(projected?.sources ?? []).map((source) => source.secret?.name)];
    for (const one of secrets) {
      if (ways.has(false) || ways.size === 0) add("volume", one);
      if (ways.has(true)) add("sub-path", one);
    }
  }
  for (const { name } of imagePullSecrets) add("image-pull", name);
  return [...uses.values()];
}

interface WorkloadObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly template?: Json<V1PodTemplateSpec>;
    readonly jobTemplate?: { readonly spec: { readonly template: Json<V1PodTemplateSpec> } };
  };
}

const workloadKinds = [
  ["Deployment", "/apis/apps/v1", "deployments"],
  ["StatefulSet", "/apis/apps/v1", "statefulsets"],
  ["DaemonSet", "/apis/apps/v1", "daemonsets"],
  ["CronJob", "/apis/batch/v1", "cronjobs"],
] as const;

export async function observeWorkloads(
  kubernetes: KubernetesReader,
  namespace: string,
): Promise<Observed<readonly WorkloadState[]>> {
  const kinds = await Promise.all(
    workloadKinds.map(([kind, api, plural]) =>
      observed(`list ${plural} in ${namespace}`, async () => {
        const list = await listAll<WorkloadObject>(kubernetes, `${api}/namespaces/${namespace}/${plural}`);
        return list
          .map((workload) => workloadState(namespace, kind, workload))
          .filter(({ secrets }) => secrets.length > 0);
      }),
    ),
  );
  return together(kinds);
}

function workloadState(namespace: string, kind: string, { metadata, spec }: WorkloadObject): WorkloadState {
  const template = spec.template ?? spec.jobTemplate?.spec.template;
  const secrets = secretsOf(template?.spec);
  const annotations = { ...template?.metadata?.annotations, ...metadata.annotations };
  return { namespace, kind, name: metadata.name, secrets, reloads: reloads(annotations, secrets) };
}

/** Secrets that make Reloader restart it. @see https://docs.stakater.com/reloader/1.4/reference/annotations.html */
function reloads(annotations: Readonly<Record<string, string>>, secrets: readonly SecretUse[]): readonly string[] {
  const listed = (name: string): readonly string[] => (annotations[name] ?? "").split(",").map((one) => one.trim());
  const excluded = listed("secrets.exclude.reloader.stakater.com/reload");
  const all = [...new Set(secrets.map(({ secret }) => secret))].filter((secret) => !excluded.includes(secret));
  if (annotations["reloader.stakater.com/ignore"] === "true") return [];
  const auto = ["reloader.stakater.com/auto", "secret.reloader.stakater.com/auto"];
  if (auto.some((name) => annotations[name] === "true")) return all;
  const named = listed("secret.reloader.stakater.com/reload");
  return all.filter((secret) => named.some((one) => isNamed(secret, one)));
}

/** Reloader reads a name as a regular expression. Only `.*` is understood here: others could take for ever. */
function isNamed(secret: string, expression: string): boolean {
  const [first = "", ...rest] = expression.split(".*");
  const last = rest.pop();
  if (last === undefined) return secret === first;
  let from = first.length;
  for (const part of rest) {
    const found = secret.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return secret.startsWith(first) && secret.endsWith(last) && secret.length - last.length >= from;
}

const pullReasons = /^(ErrImagePull|ImagePullBackOff)$/;
const readsAtOnce = 4;

/** Pods that name our pull secret in namespaces that receive nothing from us, such as those of a new operator. */
export function observePullsElsewhere(
  kubernetes: KubernetesReader,
  { plan }: Pick<EnvironmentStack, "plan">,
  reached: readonly string[],
): Promise<Observed<readonly PullElsewhereState[]>> {
  const pulls = plan.deliveries.flatMap(({ registry, target }) =>
    registry === undefined ? [] : [{ registry, target }],
  );
  if (pulls.length === 0) return Promise.resolve({ ok: true, value: [] });
  const others = new Set<string>([...reached, ...environmentNames.map(namespaceOf)]);
  return observed("list pods in all namespaces", async () => {
    const waiting = await podStates(kubernetes, "/api/v1/pods?fieldSelector=status.phase%3DPending");
    const lacking = waiting.flatMap(({ namespace, name: pod, containers, imagePullSecrets }) => {
      const { image = "", reason = "" } = containers.find((one) => pullReasons.test(one.reason ?? "")) ?? {};
      const pull = pulls.find(
        ({ registry, target }) => image.startsWith(`${registry}/`) && imagePullSecrets.includes(target),
      );
      return pull === undefined || others.has(namespace)
        ? []
        : [{ namespace, pod, image, reason, pullSecret: pull.target }];
    });
    // one read for each namespace: a workload of hundreds of pods lacks one Secret
    const places = Map.groupBy(lacking, ({ namespace, pullSecret }) => `${namespace}/secrets/${pullSecret}`);
    const found = await mapBounded([...places], readsAtOnce, async ([path, pods]) => {
      const isHeld = await exists(kubernetes, `/api/v1/namespaces/${path}`);
      return isHeld === true ? [] : pods.map((one) => ({ ...one, isSecretAbsent: isHeld === false }));
    });
    return found.flat();
  });
}

/** Only whether it exists: its values are thrown away unread. `undefined` where it may not be read. */
async function exists(kubernetes: KubernetesReader, path: string): Promise<boolean | undefined> {
  try {
    return (await ifFound(kubernetes.get(path))) !== undefined;
  } catch {
    return undefined;
  }
}
