import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { wholeSeconds, type Pod } from "./pod.ts";

/** Never throws and is not awaited: a lost Event does no harm. */
export type Report = (pod: Pod, type: "Normal" | "Warning", reason: string, message: string) => void;

/** Like a kubelet, raises the count of a repeated Event instead of creating another one. */
export function eventReporter(api: KubernetesClient, nodeName: string): Report {
  const known = new Map<string, { readonly path: Promise<string>; count: number }>();
  return (pod, type, reason, message) => {
    const { name, namespace, uid } = pod.metadata;
    const key = `${uid} ${reason} ${message}`;
    const now = wholeSeconds();
    const before = known.get(key);
    if (before !== undefined) {
      before.count += 1;
      const { count } = before;
      before.path.then((path) => api.patch(path, { count, lastTimestamp: now })).catch(() => undefined);
      return;
    }
    const events = `/api/v1/namespaces/${namespace}/events`;
    const path = api
      .create<{ metadata: { name: string } }>(events, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
        type,
        reason,
        message,
        source: { component: "kubelet", host: nodeName },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      })
      .then((event) => `${events}/${event.metadata.name}`);
    path.catch(() => known.delete(key));
    known.set(key, { path, count: 1 });
  };
}
