import type { V1Job, V1Pod } from "@kubernetes/client-node";
import type { Observed, PatcherState } from "../snapshot.ts";
import type { KubernetesReader } from "./access.ts";
import { listAll, podLog } from "../../clients/kubernetes.ts";
import { conditionOf, type Live } from "./kubernetes-list.ts";
import { observed } from "./observed.ts";

/** The Job of the chart `keycloak_realm` that carries Keycloak's client secrets into Vault; not ours. */
export const patcherJob = "platform-keycloak-realm-client-patcher";

/** The phrases that its log is searched for. Only which of them occurs is kept: the log may contain a value. */
export const patcherPhrases: readonly (readonly [symptom: PatcherState["symptoms"][number], phrase: RegExp])[] = [
  ["patcher-exec-format", /exec format error/i],
  ["patcher-command-missing", /(jq|curl|command): (command )?not found|command not found: (jq|curl)|not found: jq/i],
  ["patcher-vault-denied", /permission denied/i],
  ["patcher-keycloak-unauthorized", /\b401\b|unauthorized|invalid_client|invalid_grant|invalid user credentials/i],
  ["patcher-keycloak-forbidden", /\b403\b|forbidden/i],
  ["patcher-client-missing", /\b404\b|client not found/i],
];

const logLines = 200;

/** The Job's result and the known phrases of a failed run's log. `not-found` where this cluster has no such Job. */
export function observePatcher(kubernetes: KubernetesReader, namespace: string): Promise<Observed<PatcherState>> {
  return observed(`read the Job ${namespace}/${patcherJob}`, async () => {
    const path = `/apis/batch/v1/namespaces/${namespace}/jobs/${patcherJob}`;
    const { metadata, status } = await kubernetes.get<Live<V1Job>>(path);
    const result = resultOf(status);
    if (result === "succeeded") return { result, symptoms: [] };
    // by its uid: a Job that was recreated may still have pods of the earlier Job of that name
    const pod = await newestPod(kubernetes, namespace, `batch.kubernetes.io/controller-uid=${metadata.uid}`);
    if (pod === undefined) return { result, symptoms: [] };
    const log = await observed(`read the log of the pod ${namespace}/${pod}`, () =>
      podLog(kubernetes, namespace, pod, logLines),
    );
    if (!log.ok) return { result, symptoms: [], unseenLog: log.failure };
    const found = patcherPhrases.filter(([, phrase]) => phrase.test(log.value));
    return { result, symptoms: found.map(([symptom]) => symptom) };
  });
}

export function resultOf(status: Live<V1Job>["status"]): PatcherState["result"] {
  if (conditionOf(status?.conditions, "Failed")?.status === "True") return "failed";
  return conditionOf(status?.conditions, "Complete")?.status === "True" ? "succeeded" : "running";
}

/** Name of the newest pod with these labels. */
export async function newestPod(
  kubernetes: KubernetesReader,
  namespace: string,
  labels: string,
): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(labels)}`;
  const created = ({ metadata }: Live<V1Pod>): string => metadata.creationTimestamp ?? "";
  const pods = await listAll<Live<V1Pod>>(kubernetes, path);
  return pods.toSorted((a, b) => created(b).localeCompare(created(a)))[0]?.metadata.name;
}
