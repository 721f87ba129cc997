import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, type KubernetesObject, podLog } from "../../clients/kubernetes.ts";
import { bootstrapExitCodes, type BootstrapCause } from "../../domain/bootstrap-config.ts";
import { UserError } from "../../domain/user-error.ts";

/** How long a Job stays to be looked at, if its CronJob does not remove it before. */
const secondsAfterItEnds = 3600;

/** How a run of vault-bootstrap ended. */
export interface BootstrapRun {
  readonly job: string;
  readonly succeeded: boolean;
  readonly cause: BootstrapCause;
  /** Its JSON log lines; no values in them. */
  readonly log: string;
}

/**
 * Runs vault-bootstrap once, as `kubectl create job --from=cronjob/…` does: the CronJob's own pod template, with flags.
 *
 * @param options.cronJob - name of the CronJob, also of the Job with a suffix.
 * @param options.flags - added to the container's arguments, such as `--until=unsealed`.
 * @param options.onLine - receives each log line while the run goes on.
 * @throws UserError when there is no CronJob, or the Job neither ended nor could be looked at in time.
 */
export async function runBootstrapJob(
  cluster: Cluster,
  options: {
    readonly namespace: string;
    readonly cronJob: string;
    readonly purpose: string;
    readonly flags: readonly string[];
    readonly timeoutInSeconds: number;
    readonly signal: AbortSignal;
    readonly onLine?: (line: string) => void;
  },
): Promise<BootstrapRun> {
  const { namespace, cronJob, flags, purpose, signal } = options;
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

  const deadline = performance.now() + options.timeoutInSeconds * 1000;
  let told = 0;
  for (;;) {
    signal.throwIfAborted();
    const found = await cluster.find<Job>(`${jobs}/${job}`);
    if (found === undefined) {
      throw UserError.of(
        "bootstrap-job-gone",
        `the Job ${namespace}/${job} was removed before this command saw its end; its CronJob keeps only the last finished Jobs`,
        "run the same command again: vault-bootstrap never writes a value twice",
      );
    }
    const { status } = found;
    const ended = status?.conditions?.find(
      ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
    );
    const log = await jobLog(cluster, namespace, job);
    const lines = log.split("\n").filter((line) => line !== "");
    for (const line of lines.slice(told)) options.onLine?.(line);
    told = Math.max(told, lines.length);
    if (ended !== undefined) {
      return { job, succeeded: ended.type === "Complete", cause: await causeOf(cluster, namespace, job, ended), log };
    }
    if (performance.now() > deadline) {
      throw UserError.of(
        "bootstrap-job-unfinished",
        `the Job ${namespace}/${job} did not end within ${options.timeoutInSeconds} s`,
        `kubectl --context ${cluster.context} -n ${namespace} describe job ${job}`,
      );
    }
    await sleep(250, undefined, { signal });
  }
}

interface CronJob extends KubernetesObject {
  readonly spec: {
    readonly jobTemplate: { readonly metadata?: object; readonly spec: { readonly template: PodTemplate } };
  };
}

interface PodTemplate {
  readonly spec: { readonly containers: readonly { readonly args?: readonly string[] }[] };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Job extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
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
      // what kubectl sets, so that people and controllers see where it came from
      annotations: { "cronjob.kubernetes.io/instantiate": "manual" },
      // as controller, so that the CronJob counts the Job in its history and removes it; kubectl leaves blockOwnerDeletion
      // out too, which would need a right on the CronJob's finalizers
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "CronJob", name: metadata.name, uid: metadata.uid, controller: true },
      ],
    },
    spec: {
      ...jobTemplate.spec,
      ttlSecondsAfterFinished: secondsAfterItEnds,
      template: { ...template, spec: { ...template.spec, containers } },
    },
  };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: {
      readonly containerStatuses?: readonly {
        readonly state?: { readonly terminated?: { readonly exitCode: number } };
      }[];
    };
  }[];
}

function pods(cluster: Cluster, namespace: string, job: string): Promise<PodList> {
  const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
  return cluster.get<PodList>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`);
}

async function jobLog(cluster: Cluster, namespace: string, job: string): Promise<string> {
  const [pod] = (await pods(cluster, namespace, job)).items;
  if (pod?.status?.containerStatuses?.[0]?.state === undefined) return "";
  return podLog(cluster, namespace, pod.metadata.name);
}

async function causeOf(cluster: Cluster, namespace: string, job: string, ended: Condition): Promise<BootstrapCause> {
  if (ended.type === "Complete") return "ok";
  const [pod] = (await pods(cluster, namespace, job)).items;
  const exitCode = pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
  const known = Object.entries(bootstrapExitCodes).find(([, code]) => code === exitCode);
  return (known?.[0] ?? "internal-error") as BootstrapCause;
}

/** The log of the youngest pod that vault-bootstrap ran in, whichever Job made it; `undefined` where none is left. */
export async function lastBootstrapLog(
  cluster: Cluster,
  namespace: string,
  cronJob: string,
): Promise<{ readonly pod: string; readonly log: string } | undefined> {
  interface Pods {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly creationTimestamp: string } }[];
  }
  const { items } = await cluster.get<Pods>(`/api/v1/namespaces/${namespace}/pods`);
  const youngest = items
    .filter(({ metadata: { name } }) => name.startsWith(`${cronJob}-`))
    .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .at(-1)?.metadata.name;
  if (youngest === undefined) return undefined;
  return { pod: youngest, log: await cluster.text(`/api/v1/namespaces/${namespace}/pods/${youngest}/log`) };
}

/** A minute and more: a scheduled run takes seconds, and one that was killed keeps its lease for half a minute. */
const longestTurns = 12;

/**
 * Runs vault-bootstrap, and again where another run held the lease: by the time that one began, what this one is to carry
 * may not have been there yet.
 *
 * @param run - one run to its end.
 * @param options.tell - prints that this run waits.
 * @param options.pauseInMilliseconds - between two tries. @default 5000
 * @returns how the last one ended; still `lease-held` where its turn never came.
 */
export async function inTurn(
  run: () => Promise<BootstrapRun>,
  options: {
    readonly signal: AbortSignal;
    readonly tell: (text: string) => void;
    readonly pauseInMilliseconds?: number;
  },
): Promise<BootstrapRun> {
  const { signal, tell, pauseInMilliseconds = 5_000 } = options;
  for (let turn = 1; ; turn += 1) {
    const ended = await run();
    if (ended.cause !== "lease-held" || turn >= longestTurns) return ended;
    tell("another run of vault-bootstrap is active; waiting for it");
    await sleep(pauseInMilliseconds, undefined, { signal });
  }
}

/**
 * @param problem - what that means for who asked for the run.
 * @param next - what is left to do once that is repaired. @default - nothing
 */
export function failedRun({ cause, log }: BootstrapRun, problem: string, next = ""): UserError {
  const { said, fix } = lastWords(log);
  return UserError.of(cause, `${problem}: ${said}`, next === "" ? fix : `${fix}; then ${next}`);
}

/** What a failed run says of itself, and what to do about it: its summary, or else the end of its log. */
export function lastWords(log: string): { readonly said: string; readonly fix: string } {
  const lines = log.trim().split("\n");
  const doctor = "ameide-secrets doctor --stack <stack>";
  const { problem, fix } = parsed(lines.at(-1) ?? "");
  if (problem !== undefined) {
    return { said: problem, fix: fix === undefined || fix === "" ? `${doctor} shows the cause and the fix` : `${fix}; for more: ${doctor}` }; // prettier-ignore
  }
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
    const { event, name, path, reason } = parsed(line);
    return event === "would-write"
      ? [`would write ${name} to Vault ${mount}/${path}${reason === undefined ? "" : `, ${reason}`}`]
      : [];
  });
  return writes.length === 0 ? "would write nothing" : writes.join("\n");
}

/** What a run that succeeded could not do or found: values that did not reach a consumer yet, and expired ones. */
export function noticesOf(log: string): readonly string[] {
  return log.split("\n").flatMap((line) => {
    const { event, name, at, notDelivered } = parsed(line);
    if (event === "not-delivered")
      return [`${name} is in Vault, and not delivered yet to ${[notDelivered].flat().join("; ")}`];
    return event === "expired" ? [`${name} has expired in the source at ${at}`] : [];
  });
}

function parsed(line: string): Readonly<Record<string, string | undefined>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, string | undefined>>;
  } catch {
    return {}; // Node's own words
  }
}
