import { setTimeout as sleep } from "node:timers/promises";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { objectIn } from "../../clients/http.ts";
import { type Cluster, type KubernetesObject, podLog } from "../../clients/kubernetes.ts";
import { newestFirst, type Live } from "../../diagnose/observe/kubernetes-list.ts";
import {
  bootstrapExitCodes,
  parseBootstrapStatus,
  type BootstrapCause,
  type BootstrapStatus,
} from "../../domain/bootstrap-config.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";

export interface BootstrapRun {
  readonly job: string;
  readonly succeeded: boolean;
  readonly cause: BootstrapCause;
  /** Its JSON log lines; no values in them. */
  readonly log: string;
}

type BootstrapNames = Pick<EnvironmentStack, "namespace"> & { readonly bootstrap: { readonly name: string } };

export interface BootstrapJobOptions {
  /** Part of the Job's name, such as `rotate`. */
  readonly purpose: string;
  /** Added to the container's arguments, such as `--until=unsealed`. @default - none */
  readonly flags?: readonly string[];
  /** @default 300 */
  readonly timeoutInSeconds?: number;
  readonly signal: AbortSignal;
  /** Receives each log line during the run. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Repeats {@link runBootstrapJob} while another run holds the lease: that run may have begun before the change that this
 * one carries. The result is `lease-held` if the other never ends. `pauseInMilliseconds` between two tries: @default 5000
 */
export async function runBootstrap(
  cluster: Cluster,
  place: BootstrapNames,
  {
    tell,
    pauseInMilliseconds = 5_000,
    ...options
  }: BootstrapJobOptions & { readonly tell: (text: string) => void; readonly pauseInMilliseconds?: number },
): Promise<BootstrapRun> {
  // more than a minute: a scheduled run takes seconds, and one that was killed keeps its lease for half a minute
  for (let tries = 1; ; tries += 1) {
    const result = await runBootstrapJob(cluster, place, options);
    if (result.cause !== "lease-held" || tries === 12) return result;
    tell("another run of vault-bootstrap is active; waiting for it");
    await sleep(pauseInMilliseconds, undefined, { signal: options.signal });
  }
}

/**
 * Runs vault-bootstrap once, as `kubectl create job --from=cronjob/…` does, with flags.
 *
 * @throws UserError when there is no CronJob, or the Job neither ended nor could be read in time.
 */
export async function runBootstrapJob(
  cluster: Cluster,
  { namespace, bootstrap: { name: cronJob } }: BootstrapNames,
  { purpose, flags = [], timeoutInSeconds = 300, signal, onLine }: BootstrapJobOptions,
): Promise<BootstrapRun> {
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const source = await cluster.find<CronJob>(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${cronJob}`);
  if (source === undefined) {
    throw UserError.of(
      "bootstrap-cronjob-missing",
      `CronJob ${namespace}/${cronJob} not found`,
      "ameide-secrets doctor --stack <stack> says what should create it",
    );
  }
  const job = `${cronJob}-${purpose}-${Date.now().toString(36)}`.slice(0, 63);
  await cluster.create(jobs, jobFrom(source, job, flags));

  const deadline = performance.now() + timeoutInSeconds * 1000;
  for (let printed = 0; ;) {
    signal.throwIfAborted();
    const found = await cluster.find<Live<V1Job>>(`${jobs}/${job}`);
    if (found === undefined) {
      throw UserError.of(
        "bootstrap-job-gone",
        `the Job ${namespace}/${job} was removed before this command saw its end; its CronJob keeps only the last finished Jobs`,
        "run the same command again: vault-bootstrap never writes a value twice",
      );
    }
    const ended = found.status?.conditions?.find(
      ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
    );
    const { log, exitCode } = await podOf(cluster, namespace, job);
    const lines = log.split("\n").filter((line) => line !== "");
    for (const line of lines.slice(printed)) onLine?.(line);
    printed = Math.max(printed, lines.length);
    if (ended !== undefined) {
      const succeeded = ended.type === "Complete";
      return { job, succeeded, cause: succeeded ? "ok" : causeOf(exitCode), log };
    }
    if (performance.now() > deadline) {
      throw UserError.of(
        "bootstrap-job-unfinished",
        `the Job ${namespace}/${job} did not end within ${timeoutInSeconds} s`,
        `kubectl --context ${cluster.context} -n ${namespace} describe job ${job}`,
      );
    }
    await sleep(250, undefined, { signal });
  }
}

interface PodTemplate {
  readonly spec: { readonly containers: readonly { readonly args?: readonly string[] }[] };
}

interface CronJob extends KubernetesObject {
  readonly spec: {
    readonly jobTemplate: { readonly metadata?: object; readonly spec: { readonly template: PodTemplate } };
  };
}

function jobFrom({ metadata, spec: { jobTemplate } }: CronJob, name: string, flags: readonly string[]): object {
  const { template } = jobTemplate.spec;
  const containers = template.spec.containers.map((container) => ({
    ...container,
    args: [...(container.args ?? []), ...flags],
  }));
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...jobTemplate.metadata,
      name,
      annotations: { "cronjob.kubernetes.io/instantiate": "manual" }, // as kubectl does
      // as controller, so that the CronJob removes the Job; blockOwnerDeletion would need a right on the CronJob's finalizers
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "CronJob", name: metadata.name, uid: metadata.uid, controller: true },
      ],
    },
    spec: {
      ...jobTemplate.spec,
      ttlSecondsAfterFinished: 3600, // for people to read, if its CronJob does not remove it before
      template: { ...template, spec: { ...template.spec, containers } },
    },
  };
}

async function podOf(cluster: Cluster, namespace: string, job: string) {
  const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
  const [pod] = (await cluster.get<{ items: readonly Live<V1Pod>[] }>(path)).items;
  const state = pod?.status?.containerStatuses?.[0]?.state;
  const log = pod === undefined || state === undefined ? "" : await podLog(cluster, namespace, pod.metadata.name);
  return { log, exitCode: state?.terminated?.exitCode };
}

function causeOf(exitCode: number | undefined): BootstrapCause {
  const [cause = "internal-error"] = Object.entries(bootstrapExitCodes).find(([, code]) => code === exitCode) ?? [];
  return cause as BootstrapCause;
}

/** The log of the youngest pod that vault-bootstrap ran in, whichever Job created it; `undefined` if none is left. */
export async function lastBootstrapLog(
  cluster: Cluster,
  { namespace, bootstrap }: BootstrapNames,
): Promise<{ readonly pod: string; readonly log: string } | undefined> {
  const { items } = await cluster.get<{ items: readonly Live<V1Pod>[] }>(`/api/v1/namespaces/${namespace}/pods`);
  const pod = newestFirst(items).find(({ metadata }) => metadata.name.startsWith(`${bootstrap.name}-`))?.metadata.name;
  return pod === undefined ? undefined : { pod, log: await podLog(cluster, namespace, pod) };
}

/** What vault-bootstrap recorded about its last run; `undefined` if it never ran. */
export async function readBootstrapStatus(
  cluster: Cluster,
  { namespace, bootstrap }: Pick<EnvironmentStack, "namespace" | "bootstrap">,
): Promise<BootstrapStatus | undefined> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${bootstrap.config.statusConfigMap}`;
  const map = await cluster.find<{ readonly data?: { readonly status?: string } }>(path);
  return parseBootstrapStatus(map?.data?.status ?? "");
}

/** @param next - what is left to do once the cause is fixed. @default - nothing */
export function failedRun({ cause, log }: BootstrapRun, problem: string, next = ""): UserError {
  const { said, fix } = lastWords(log);
  return UserError.of(cause, `${problem}: ${said}`, next === "" ? fix : `${fix}; then ${next}`);
}

/** The summary of a failed run and its fix; without a summary, the end of its log. */
export function lastWords(log: string): { readonly said: string; readonly fix: string } {
  const lines = log.trim().split("\n");
  const doctor = "ameide-secrets doctor --stack <stack>";
  const { problem, fix } = entryOf(lines.at(-1) ?? "");
  if (problem !== undefined)
    return { said: problem, fix: fix ? `${fix}; for more: ${doctor}` : `${doctor} shows the cause and the fix` };
  // it was killed before it could sum up, or is another program
  const end = lines.slice(-5).filter((line) => line !== "");
  return {
    said: end.length === 0 ? "it left no log" : `its log ends with\n    ${end.join("\n    ")}`,
    fix: `${doctor} shows the cause and the fix; docs/exit-codes.md#vault-bootstrap explains each cause`,
  };
}

/** What a dry run would do. @param mount - of the KV engine that it would write to. */
export function plannedWrites(log: string, mount: string): string {
  const writes = log.split("\n").flatMap((line) => {
    const { event, name, path, reason } = entryOf(line);
    if (event !== "would-write") return [];
    return `would write ${name} to Vault ${mount}/${path}${reason === undefined ? "" : `, ${reason}`}`;
  });
  return writes.length === 0 ? "would write nothing" : writes.join("\n");
}

/** What a run that succeeded could not do or found: values that did not reach a consumer yet, and expired ones. */
export function noticesOf(log: string): readonly string[] {
  return log.split("\n").flatMap((line) => {
    const { event, name, at, notDelivered } = entryOf(line);
    if (event === "not-delivered")
      return [`${name} is in Vault, and not delivered yet to ${[notDelivered].flat().join("; ")}`];
    return event === "expired" ? [`${name} has expired in the source at ${at}`] : [];
  });
}

/** One line of the log; Node's own lines are no JSON. */
function entryOf(line: string) {
  return objectIn(line) as Readonly<Record<string, string | undefined>>;
}
