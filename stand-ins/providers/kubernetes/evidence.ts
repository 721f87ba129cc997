import type { JsonObject } from "../property-value.ts";
import type { KubeClient } from "./kube-client.ts";
import type { KubeObject } from "./kube-object.ts";

interface Event {
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

const mostEvents = 5;

/**
 * Why an object does not get ready, as the cluster tells it: its Warning Events, where operators put the cause that
 * their condition only hints at, and for a Job what its pods say. Best effort: what cannot be read is left out.
 */
export async function evidence(client: KubeClient, live: KubeObject): Promise<string[]> {
  const [events, pods] = await Promise.all([
    warnings(client, live).catch(() => []),
    live.kind === "Job" ? podReasons(client, live).catch(() => []) : [],
  ]);
  return [...pods, ...events];
}

async function warnings(client: KubeClient, { metadata }: KubeObject): Promise<string[]> {
  const events = await client.list("v1", "Event", metadata.namespace ?? "default", {
    fieldSelector: `involvedObject.uid=${metadata.uid ?? ""},type=Warning`,
  });
  const texts = (events as Event[])
    .toSorted((left, right) => timeOf(left).localeCompare(timeOf(right)))
    .map(({ reason, message }) => `Warning ${reason ?? "Event"}: ${message ?? ""}`);
  return [...new Set(texts)].slice(-mostEvents);
}

function timeOf({ lastTimestamp, eventTime }: Event): string {
  return lastTimestamp ?? eventTime ?? "";
}

interface ContainerState {
  readonly waiting?: { reason?: string; message?: string };
  readonly terminated?: { exitCode: number; reason?: string; message?: string };
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  readonly initContainerStatuses?: readonly { name: string; state?: ContainerState; lastState?: ContainerState }[];
  readonly containerStatuses?: readonly { name: string; state?: ContainerState; lastState?: ContainerState }[];
}

async function podReasons(client: KubeClient, { metadata }: KubeObject): Promise<string[]> {
  const pods = await client.list("v1", "Pod", metadata.namespace ?? "default", {
    labelSelector: `batch.kubernetes.io/controller-uid=${metadata.uid ?? ""}`,
  });
  return [...new Set(pods.flatMap(reasonsOf))];
}

function reasonsOf(pod: JsonObject): string[] {
  const { metadata, status } = pod as KubeObject & { status?: PodStatus };
  const unscheduled = (status?.conditions ?? [])
    .filter(({ type, status: met }) => type === "PodScheduled" && met === "False")
    .map(({ reason, message }) => `pod ${metadata.name}: ${told(reason, message)}`);
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return [
    ...unscheduled,
    ...containers.flatMap(({ name, state, lastState }) => {
      const where = `pod ${metadata.name}, container ${name}`;
      const terminated = state?.terminated ?? lastState?.terminated;
      const lines: string[] = [];
      if (terminated !== undefined && terminated.exitCode !== 0) {
        lines.push(`${where} exited with ${terminated.exitCode}: ${told(terminated.reason, terminated.message)}`);
      }
      if (state?.waiting !== undefined) {
        lines.push(`${where} waits: ${told(state.waiting.reason, state.waiting.message)}`);
      }
      return lines;
    }),
  ];
}

function told(reason: string | undefined, message: string | undefined): string {
  return [reason, message?.trim()].filter((text) => text !== undefined && text !== "").join(": ");
}
