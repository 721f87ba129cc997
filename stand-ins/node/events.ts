import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { wholeSeconds, type Pod } from "./pod.ts";

/** Reports as a kubelet's Events do. Never throws and is not waited for: an Event that is lost costs nothing. */
export type Report = (pod: Pod, type: "Normal" | "Warning", reason: string, message: string) => void;

/** Events on Pods. The same report again raises the count of the first, so that a retry does not flood the cluster. */
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
