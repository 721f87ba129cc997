import { bootstrapExitCodes, type BootstrapCause, type BootstrapStatus } from "../../domain/bootstrap-config.ts";
import { valuesOf, type JobState, type Snapshot, type PodState } from "../snapshot.ts";
import { type Expectation, age, isError, reportAt, type Rule, type Sighting, type View } from "./view.ts";
import { causeCodes, causes, type CauseCode } from "../causes.ts";

export interface BootstrapFailureSeen {
  readonly cause: BootstrapCause;
  readonly where: string;
  readonly seen: string;
  /** Job of the failed run, where it still exists. */
  readonly job?: string;
}

/** How the newest run failed, by its status or its last log line; `undefined` if it succeeded or there was none. */
export function lastFailure(
  snapshot: Snapshot,
  { namespace, bootstrap }: Expectation,
): BootstrapFailureSeen | undefined {
  const { status, jobs, log } = snapshot.bootstrap;
  const { pods } = snapshot;
  const newest = valuesOf(jobs).find(({ result }) => result !== "running");
  if (status.ok && !isOlder(status.value, newest)) {
    const { cause, phase, message: text = "" } = status.value;
    const [message = ""] = text.split("\n"); // its own fix is not evidence
    if (cause === "ok") return undefined;
    const where = `ConfigMap ${namespace}/${bootstrap.config.statusConfigMap}`;
    const seen = `${cause}${phase === undefined ? "" : ` in ${phase}`}${message === "" ? "" : `: ${message}`}`;
    return { cause, where, seen, ...(newest && { job: newest.name }) };
  }
  if (newest?.result !== "failed") return undefined;
  const run = { where: `Job ${namespace}/${newest.name}`, job: newest.name };
  const ended = newest.reason ?? "failed";
  if (pods.ok && !pods.value.some(({ owner }) => owner === `Job/${newest.name}`)) {
    // the pod was deleted, and its log with it: a run that fails on its own leaves its pod
    return { ...run, cause: "terminated", seen: `${ended}; its pod is gone` };
  }
  return { ...run, ...(causeInLog(valuesOf(log)) ?? { cause: "internal-error", seen: ended }) };
}

/**
 * Whether another run than the newest Job's wrote it. Kubernetes' times are whole seconds: a run that ended in the second
 * in which the Job was created is recognised by its id, which is its pod's name.
 */
function isOlder({ finishedAt, runId }: BootstrapStatus, newest: JobState | undefined): boolean {
  if (newest?.result !== "failed") return false;
  const afterCreation = Date.parse(finishedAt) - Date.parse(newest.createdAt);
  return afterCreation < 0 || (afterCreation < 1000 && !isPodOf(runId, newest.name));
}

/** A Job names its pods after itself, cut to 58 characters, and five random ones. */
function isPodOf(pod: string, job: string): boolean {
  return pod.startsWith(`${job}-`.slice(0, 58));
}

function causeInLog(lines: readonly string[]): Pick<BootstrapFailureSeen, "cause" | "seen"> | undefined {
  for (const line of lines.toReversed()) {
    try {
      const { cause, problem } = JSON.parse(line) as { cause?: string; problem?: string };
      if (cause !== undefined && cause in bootstrapExitCodes) {
        return { cause: cause as BootstrapCause, seen: `${cause}: ${problem ?? ""}`.slice(0, 600) };
      }
    } catch {
      continue; // Node's own words, such as a stack
    }
  }
  return undefined;
}

const periodsUntilStale = 3;
const pullReasons = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)$/;
const startReasons =
  /^(StartError|RunContainerError|CreateContainerConfigError|CreateContainerError|ContainerCannotRun)$/;
/** Of a kubelet's Events alone: the container's state is ContainerCreating all the while. */
const mountReasons = /^Failed(Mount|AttachVolume)$/;

/** Runs after Key Vault, identity and Vault: their errors explain those of a run. */
export const explainBootstrap: Rule = (view) => {
  const found = [...ofCronJob(view), ...ofPods(view)];
  const outcomes = ofOutcomes(view);
  const isReported = found.some(({ secrets }) => secrets === undefined) || outcomes.length > 0;
  const seen = [...found, ...outcomes, ...(isReported ? [] : ofLastRun(view))];
  return [...seen, ...ofStatus(view), ...ofSilence(view, seen)];
};

function reportAtStatus({ namespace, bootstrap }: Expectation) {
  return reportAt(`ConfigMap ${namespace}/${bootstrap.config.statusConfigMap}`);
}

/** An invalid status counts as none for every other rule. */
function ofStatus({ snapshot, expected }: View): readonly Sighting[] {
  const { status } = snapshot.bootstrap;
  if (status.ok || status.failure.kind !== "malformed") return [];
  return reportAtStatus(expected)("bootstrap-status-malformed", status.failure.message, { secrets: [] });
}

function ofCronJob({ snapshot, expected }: View): readonly Sighting[] {
  const { cronJob } = snapshot.bootstrap;
  const { bootstrap, namespace, federated } = expected;
  const report = reportAt(`CronJob ${namespace}/${bootstrap.name}`);
  if (!cronJob.ok) return cronJob.failure.kind === "not-found" ? report("bootstrap-missing", "not found") : [];
  const { suspended, concurrencyPolicy, environment, mountsAzureToken } = cronJob.value;
  const lacking = [
    ...(mountsAzureToken ? [] : [`a projected token for ${federated.audience}`]),
    ...(environment["AZURE_FEDERATED_TOKEN_FILE"] === undefined ? ["AZURE_FEDERATED_TOKEN_FILE"] : []),
  ];
  const isWithoutToken = bootstrap.config.source.type === "azure-key-vault" && lacking.length > 0;
  return [
    ...(suspended ? report("bootstrap-suspended", "spec.suspend is true") : []),
    ...(concurrencyPolicy === "Replace"
      ? report("bootstrap-overruns", "concurrencyPolicy is Replace, expected Forbid")
      : []),
    ...(isWithoutToken
      ? report("federated-token-file-missing", `the pod template lacks ${lacking.join(" and ")}`)
      : []),
  ];
}

/** The newest pod of the bootstrap, unless it has succeeded: an older pod's trouble is over. */
function ofPods({ snapshot, expected }: View): readonly Sighting[] {
  const newest = valuesOf(snapshot.pods).find((pod) => isOfBootstrap(pod, expected));
  if (newest === undefined || newest.phase === "Succeeded") return [];
  const { namespace, name, owner = name, unschedulable, warning, phase, containers } = newest;
  const report = reportAt(`Pod ${namespace}/${name}`, { name: owner.replace("Job/", "") });
  if (unschedulable !== undefined) return report("bootstrap-unschedulable", unschedulable);
  if (phase === "Pending" && warning !== undefined && mountReasons.test(warning.reason)) {
    return report("bootstrap-cannot-start", `${warning.reason}: ${warning.message}`);
  }
  for (const { reason = "", message = "" } of containers) {
    if (pullReasons.test(reason)) return report("bootstrap-image-not-pulled", `${reason}: ${message}`);
    if (startReasons.test(reason)) return report("bootstrap-cannot-start", `${reason}: ${message}`);
  }
  return [];
}

export function isOfBootstrap(
  { namespace, owner = "" }: PodState,
  expected: Pick<Expectation, "namespace" | "bootstrap">,
): boolean {
  return namespace === expected.namespace && owner.startsWith(`Job/${expected.bootstrap.name}`);
}

/** Where the cause of a failed run is reported, unless an earlier stage has reported it. @default - under its own name */
const codeOfCause: Partial<Record<BootstrapCause, CauseCode>> = {
  "required-missing": "key-vault-secret-missing",
  "value-refused": "key-vault-value-refused",
  "source-unreachable": "key-vault-unreachable",
  "source-throttled": "key-vault-throttled",
  "token-file-missing": "federated-token-file-missing",
  "vault-policy-refused": "vault-policy-narrow",
  conflict: "bootstrap-conflict",
  "lease-held": "bootstrap-lease-held",
  "kubernetes-refused": "bootstrap-forbidden-in-cluster",
  "kubernetes-login-refused": "bootstrap-login-refused",
  "kubernetes-throttled": "api-server-overloaded",
  "kubernetes-failing": "api-server-overloaded",
  "bad-configuration": "bootstrap-misconfigured",
  terminated: "bootstrap-interrupted",
};

/** Causes that only the rule of identity can judge: it distinguishes a wrong credential from one that is not known yet. */
const judgedByIdentity: ReadonlySet<BootstrapCause> = new Set(["federation-mismatch", "source-forbidden"]);

function ofLastRun(view: View): readonly Sighting[] {
  const { snapshot, expected, before } = view;
  const newest = valuesOf(snapshot.bootstrap.jobs).find(({ result }) => result !== "running");
  if (newest?.reason === "DeadlineExceeded") {
    const report = reportAt(`Job ${expected.namespace}/${newest.name}`, { name: newest.name });
    return report("bootstrap-overruns", "DeadlineExceeded");
  }
  const failure = lastFailure(snapshot, expected);
  if (failure === undefined || judgedByIdentity.has(failure.cause)) return [];
  const { where, seen, job } = failure;
  const report = reportAt(where, job === undefined ? {} : { name: job });
  const code = codeOf(failure, view);
  // the status may be outdated: a Vault that is unsealed now is no longer sealed
  if (isOver(view, failure.cause)) return [];
  const sameStage = before.find((one) => isError(one) && causes[one.code].stage === causes[code].stage);
  return sameStage === undefined || failure.cause === "vault-unreachable"
    ? report(code, seen)
    : [{ ...sameStage, where, seen }];
}

/** By the words of Vault's Kubernetes auth; it answers `permission denied` where the token could not be reviewed. */
const loginRefusals: readonly (readonly [words: RegExp, code: CauseCode])[] = [
  [/invalid role name/, "vault-role-missing"],
  [/no handler for route|could not load backend configuration/, "vault-auth-missing"],
  [/service account name not authorized|namespace not authorized/, "vault-role-binding"],
  [/\baudience\b/, "vault-role-audience"],
];

function codeOf({ cause, seen }: BootstrapFailureSeen, { snapshot, expected }: View): CauseCode {
  if (cause === "vault-unreachable") {
    const isItsAddress = seen.includes(expected.bootstrap.config.vault.address);
    return snapshot.vault.health.ok && !isItsAddress ? "vault-address-wrong" : "vault-unreachable";
  }
  if (cause === "vault-auth-refused") return loginRefusals.find(([words]) => words.test(seen))?.[1] ?? "vault-auth-config-wrong"; // prettier-ignore
  if (cause === "terminated" && /not done after/.test(seen)) return "bootstrap-overruns"; // by its own deadline
  if (cause === "source-unreachable" && expected.bootstrap.config.source.type === "kubernetes-secret") {
    return "bootstrap-source-missing";
  }
  return codeOfCause[cause] ?? causeCodes.find((code) => code === cause) ?? "bootstrap-failed";
}

const endedByServing: ReadonlySet<BootstrapCause> = new Set([
  "vault-sealed",
  "vault-uninitialised",
  "vault-lost",
  "vault-orphaned",
]);

function isOver({ snapshot, before }: View, cause: BootstrapCause): boolean {
  const { health, authConfig } = snapshot.vault;
  if (endedByServing.has(cause)) return health.ok && ["active", "standby"].includes(health.value.state);
  const isVaultBroken = before.some((one) => isError(one) && causes[one.code].stage === "vault");
  return cause === "vault-auth-refused" && authConfig.ok && !isVaultBroken;
}

function ofOutcomes({ snapshot, expected }: View): readonly Sighting[] {
  const { status } = snapshot.bootstrap;
  if (!status.ok) return [];
  const isExternal = (secret: string): boolean =>
    expected.plan.secrets.some(({ name, authority }) => name === secret && authority === "external");
  return status.value.secrets.flatMap(({ name, outcome, reason = "no reason given" }): readonly Sighting[] => {
    const isKept = outcome === "kept" && isExternal(name);
    if (outcome !== "failed" && !isKept) return [];
    const code = isKept ? "bootstrap-secret-kept" : codeOfReason(reason);
    return reportAtStatus(expected)(code, `${name}: ${outcome}: ${reason}`, { secrets: [name], name });
  });
}

/** By the bootstrap's own text: one cause of a run may explain several of its secrets. */
function codeOfReason(reason: string): CauseCode {
  if (/in the source/.test(reason)) return "key-vault-value-refused";
  if (/neither we nor the source/.test(reason)) return "bootstrap-secret-kept";
  return /conflict|another writer|check-and-set/i.test(reason) ? "bootstrap-conflict" : "bootstrap-secret-failed";
}

/** Long without a success, and nothing that says why. */
function ofSilence({ snapshot, expected, before }: View, seen: readonly Sighting[]): readonly Sighting[] {
  const { status, jobs, cronJob } = snapshot.bootstrap;
  if (!cronJob.ok || [...before, ...seen].some(isError)) return [];
  const report = reportAt(`CronJob ${expected.namespace}/${expected.bootstrap.name}`);
  const bound = periodsUntilStale * expected.strictness.bootstrapIntervalInMinutes * 60_000;
  const last = (status.ok ? status.value.lastSuccessAt : undefined) ?? cronJob.value.lastSucceededAt;
  const sinceLast = age(snapshot, last) ?? age(snapshot, cronJob.value.createdAt) ?? 0;
  if (last === undefined && jobs.ok && sinceLast <= bound) return report("bootstrap-waiting", "no run has ended yet");
  if (sinceLast <= bound) return [];
  const minutes = Math.floor(sinceLast / 60_000);
  return report(
    "bootstrap-stale",
    last === undefined ? `no success in ${minutes} min` : `last success ${minutes} min ago (${last})`,
  );
}
