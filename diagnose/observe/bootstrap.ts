import { parseBootstrapStatus, type BootstrapStatus } from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { BootstrapState, CredentialsSecretState, CronJobState, JobState, Observed } from "../snapshot.ts";
import type { KubernetesReader } from "./access.ts";
import { ownerOf, type ConditionObject, type ObjectMetadata } from "./kubernetes-list.ts";
import { listAll, podLog } from "../../clients/kubernetes.ts";
import { notAsked, observed } from "./observed.ts";

const logLines = 30;
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

/** vault-bootstrap as the cluster shows it: CronJob, Jobs, the status that it left, the end of a failed run's log. */
export async function observeBootstrap(kubernetes: KubernetesReader, stack: EnvironmentStack): Promise<BootstrapState> {
  const { namespace, bootstrap } = stack;
  const { statusConfigMap, vault } = bootstrap.config;
  const [cronJob, jobs, status, credentialsSecret] = await Promise.all([
    observed(`read the CronJob ${namespace}/${bootstrap.name}`, () => readCronJob(kubernetes, stack)),
    observed(`list jobs in ${namespace}`, () => readJobs(kubernetes, stack)),
    readStatus(kubernetes, namespace, statusConfigMap),
    observed(`read the Secret ${namespace}/${vault.credentialsSecret}`, () =>
      readCredentials(kubernetes, `/api/v1/namespaces/${namespace}/secrets/${vault.credentialsSecret}`),
    ),
  ]);
  return { cronJob, jobs, status, log: await failedLog(kubernetes, namespace, jobs), credentialsSecret };
}

/** Which fields it has; their values are thrown away unread. */
async function readCredentials(kubernetes: KubernetesReader, path: string): Promise<CredentialsSecretState> {
  try {
    const { data = {} } = await kubernetes.get<{ readonly data?: Readonly<Record<string, string>> }>(path);
    return { exists: true, hasRootToken: (data["root-token"] ?? "") !== "" };
  } catch (error) {
    if ((error as { status?: number }).status === 404) return { exists: false, hasRootToken: false };
    throw error;
  }
}

interface CronJobObject {
  readonly metadata: ObjectMetadata;
  readonly spec: {
    readonly schedule: string;
    readonly suspend?: boolean;
    readonly concurrencyPolicy?: string;
    readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: PodSpecObject } } };
  };
  readonly status?: { readonly lastScheduleTime?: string; readonly lastSuccessfulTime?: string };
}

interface PodSpecObject {
  readonly containers: readonly {
    readonly image?: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
  readonly volumes?: readonly {
    readonly projected?: {
      readonly sources?: readonly { readonly serviceAccountToken?: { readonly audience?: string } }[];
    };
  }[];
}

async function readCronJob(
  kubernetes: KubernetesReader,
  { namespace, bootstrap, federated }: EnvironmentStack,
): Promise<CronJobState> {
  const {
    metadata,
    spec,
    status = {},
  } = await kubernetes.get<CronJobObject>(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`);
  const { containers, volumes = [] } = spec.jobTemplate.spec.template.spec;
  const [container] = containers;
  const tokens = volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .map(({ serviceAccountToken }) => serviceAccountToken);
  return {
    schedule: spec.schedule,
    suspended: spec.suspend ?? false,
    concurrencyPolicy: spec.concurrencyPolicy ?? "Allow",
    createdAt: metadata.creationTimestamp ?? "",
    ...(status.lastScheduleTime === undefined ? {} : { lastScheduledAt: status.lastScheduleTime }),
    ...(status.lastSuccessfulTime === undefined ? {} : { lastSucceededAt: status.lastSuccessfulTime }),
    environment: Object.fromEntries(
      (container?.env ?? []).map(({ name, value = "" }) => [name, ours.has(name) ? value : "[not shown]"]),
    ),
    mountsAzureToken: tokens.some((token) => token?.audience === federated.audience),
    image: container?.image ?? "",
  };
}

interface JobObject {
  readonly metadata: ObjectMetadata;
  readonly status?: { readonly conditions?: readonly ConditionObject[] };
}

/** Those that the CronJob made, by schedule or by hand, and those of `up`, which bear its name. */
async function readJobs(
  kubernetes: KubernetesReader,
  { namespace, bootstrap }: EnvironmentStack,
): Promise<readonly JobState[]> {
  const list = await listAll<JobObject>(kubernetes, `/apis/batch/v1/namespaces/${namespace}/jobs`);
  return list
    .filter(
      ({ metadata }) =>
        ownerOf(metadata) === `CronJob/${bootstrap.name}` || metadata.name.startsWith(`${bootstrap.name}-`),
    )
    .map(({ metadata, status = {} }): JobState => {
      const ended = status.conditions?.find(
        ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
      );
      const reason = ended?.type === "Failed" ? ended.reason : undefined;
      return {
        name: metadata.name,
        createdAt: metadata.creationTimestamp ?? "",
        result: ended === undefined ? "running" : ended.type === "Complete" ? "succeeded" : "failed",
        ...(reason === undefined ? {} : { reason }),
      };
    })
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Anybody with the right may have edited the ConfigMap into something else. */
async function readStatus(
  kubernetes: KubernetesReader,
  namespace: string,
  name: string,
): Promise<Observed<BootstrapStatus>> {
  const asked = `read the ConfigMap ${namespace}/${name}`;
  const text = await observed(asked, async () => {
    const { data } = await kubernetes.get<{ data?: { status?: string } | null }>(
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    );
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
    const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${newest.name}`);
    const pods = await listAll<{ metadata: ObjectMetadata }>(
      kubernetes,
      `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`,
    );
    const pod = pods[0]?.metadata.name;
    if (pod === undefined) return [];
    const text = await podLog(kubernetes, namespace, pod, logLines);
    return text.split("\n").filter((line) => line !== "");
  });
}
