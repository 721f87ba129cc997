import type { V1CronJob, V1Job, V1Pod } from "@kubernetes/client-node";
import { parseBootstrapStatus, type BootstrapStatus } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type {
  BootstrapState,
  CredentialsSecretState,
  CronJobState,
  JobState,
  Observed,
  PatcherState,
} from "../snapshot.ts";
import type { KubernetesReader } from "./access.ts";
import { conditionOf, newestFirst, ownerOf, type Live } from "./kubernetes-list.ts";
import { listAll, podLog } from "../../clients/kubernetes.ts";
import { allOf, defined, ifFound, notAsked, observed } from "./observed.ts";

const bootstrapLogLines = 30;
/** What this program writes there; what somebody else added may be anything, a token among it. */
const ours: ReadonlySet<string> = new Set([
  "AZURE_CLIENT_ID",
  "AZURE_TENANT_ID",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_AUTHORITY_HOST",
  "VAULT_BOOTSTRAP_CONFIG",
  "SERVICE_ACCOUNT_DIR",
  "NODE_EXTRA_CA_CERTS",
]);

export async function observeBootstrap(kubernetes: KubernetesReader, stack: EnvironmentStack): Promise<BootstrapState> {
  const { namespace, bootstrap } = stack;
  const { statusConfigMap, vault } = bootstrap.config;
  const seen = await allOf({
    cronJob: observed(`read the CronJob ${namespace}/${bootstrap.name}`, () => readCronJob(kubernetes, stack)),
    jobs: observed(`list jobs in ${namespace}`, () => readJobs(kubernetes, stack)),
    status: readStatus(kubernetes, namespace, statusConfigMap),
    credentialsSecret: observed(`read the Secret ${namespace}/${vault.credentialsSecret}`, () =>
      readCredentials(kubernetes, `/api/v1/namespaces/${namespace}/secrets/${vault.credentialsSecret}`),
    ),
  });
  return { ...seen, log: await failedLog(kubernetes, namespace, seen.jobs) };
}

/** Which fields it has; their values are thrown away unread. */
async function readCredentials(kubernetes: KubernetesReader, path: string): Promise<CredentialsSecretState> {
  const secret = await ifFound(kubernetes.get<{ readonly data?: Readonly<Record<string, string>> }>(path));
  return { exists: secret !== undefined, hasRootToken: (secret?.data?.["root-token"] ?? "") !== "" };
}

async function readCronJob(
  kubernetes: KubernetesReader,
  { namespace, bootstrap, federated }: EnvironmentStack,
): Promise<CronJobState> {
  const path = `/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`;
  const { metadata, spec, status } = await kubernetes.get<Live<V1CronJob>>(path);
  const pod = spec?.jobTemplate.spec?.template.spec;
  const container = pod?.containers[0];
  const tokens = (pod?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return {
    schedule: spec?.schedule ?? "",
    suspended: spec?.suspend ?? false,
    concurrencyPolicy: spec?.concurrencyPolicy ?? "Allow",
    createdAt: metadata.creationTimestamp ?? "",
    ...defined({ lastScheduledAt: status?.lastScheduleTime, lastSucceededAt: status?.lastSuccessfulTime }),
    environment: Object.fromEntries(
      (container?.env ?? []).map(({ name, value = "" }) => [name, ours.has(name) ? value : "[not shown]"]),
    ),
    mountsAzureToken: tokens.some(({ serviceAccountToken }) => serviceAccountToken?.audience === federated.audience),
    image: container?.image ?? "",
  };
}

/** Those that the CronJob created, by schedule or by hand, and those of `up`, which bear its name. */
async function readJobs(
  kubernetes: KubernetesReader,
  { namespace, bootstrap: { name } }: EnvironmentStack,
): Promise<readonly JobState[]> {
  const list = await listAll<Live<V1Job>>(kubernetes, `/apis/batch/v1/namespaces/${namespace}/jobs`);
  return newestFirst(list)
    .filter(({ metadata }) => ownerOf(metadata) === `CronJob/${name}` || metadata.name.startsWith(`${name}-`))
    .map(({ metadata, status }): JobState => {
      const result = resultOf(status);
      const reason = result === "failed" ? conditionOf(status?.conditions, "Failed")?.reason : undefined;
      return { name: metadata.name, createdAt: metadata.creationTimestamp ?? "", result, ...defined({ reason }) };
    });
}

/** Anybody with the right may have edited the ConfigMap into something else. */
async function readStatus(
  kubernetes: KubernetesReader,
  namespace: string,
  name: string,
): Promise<Observed<BootstrapStatus>> {
  const asked = `read the ConfigMap ${namespace}/${name}`;
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const text = await observed(asked, async () => {
    const { data } = await kubernetes.get<{ data?: { status?: string } | null }>(path);
    return data?.status ?? "";
  });
  if (!text.ok) return text;
  const value = parseBootstrapStatus(text.value);
  if (value !== undefined) return { ok: true, value };
  const message = `data.status ${text.value === "" ? "is missing" : "is not what vault-bootstrap writes"}`;
  return { ok: false, failure: { kind: "malformed", message, asked } };
}

async function failedLog(
  kubernetes: KubernetesReader,
  namespace: string,
  jobs: Observed<readonly JobState[]>,
): Promise<Observed<readonly string[]>> {
  if (!jobs.ok) return jobs;
  const [newest] = jobs.value;
  if (newest?.result !== "failed") return notAsked("read the bootstrap's log", "its last run did not fail");
  return observed(`read the log of the Job ${namespace}/${newest.name}`, async () => {
    const pod = await newestPod(kubernetes, namespace, `batch.kubernetes.io/job-name=${newest.name}`);
    const text = pod === undefined ? "" : await podLog(kubernetes, namespace, pod, bootstrapLogLines);
    return text.split("\n").filter((line) => line !== "");
  });
}

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

const patcherLogLines = 200;

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
      podLog(kubernetes, namespace, pod, patcherLogLines),
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

export async function newestPod(
  kubernetes: KubernetesReader,
  namespace: string,
  labels: string,
): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(labels)}`;
  const pods = await listAll<Live<V1Pod>>(kubernetes, path);
  return newestFirst(pods)[0]?.metadata.name;
}
