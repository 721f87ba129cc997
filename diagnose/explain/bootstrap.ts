import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { PodState } from "../snapshot.ts";
import { causes, type CauseCode } from "../causes.ts";
import { lastFailure, type BootstrapFailureSeen } from "./bootstrap-failure.ts";
import { age, type Expectation, type Rule, type Sighting, type View } from "./view.ts";

const periodsUntilStale = 3;
const pullReasons = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)$/;
const startReasons =
  /^(StartError|RunContainerError|CreateContainerConfigError|CreateContainerError|ContainerCannotRun)$/;
/** Of a kubelet's Events alone: the container's state is ContainerCreating all the while. */
const mountReasons = /^Failed(Mount|AttachVolume)$/;

/** CronJob, its pods, how the last run ended, and what it said of each secret. Runs after Key Vault, identity and Vault. */
export const explainBootstrap: Rule = (view) => {
  const template = ofCronJob(view);
  const pods = ofPods(view);
  const outcomes = ofOutcomes(view);
  const isTold = [...template, ...pods].some(({ secrets }) => secrets === undefined) || outcomes.length > 0;
  const seen = [...template, ...pods, ...outcomes, ...(isTold ? [] : ofLastRun(view))];
  return [...seen, ...ofStatus(view), ...ofSilence(view, seen)];
};

/** An invalid status counts as none for every other rule. */
function ofStatus({ snapshot, expected }: View): readonly Sighting[] {
  const { status } = snapshot.bootstrap;
  if (status.ok || status.failure.kind !== "malformed") return [];
  const where = `ConfigMap ${expected.namespace}/${expected.bootstrap.config.statusConfigMap}`;
  return [{ code: "bootstrap-status-malformed", where, seen: status.failure.message, secrets: [] }];
}

function ofCronJob({ snapshot, expected }: View): readonly Sighting[] {
  const { cronJob } = snapshot.bootstrap;
  const where = `CronJob ${expected.namespace}/${expected.bootstrap.name}`;
  if (!cronJob.ok)
    return cronJob.failure.kind === "not-found" ? [{ code: "bootstrap-missing", where, seen: "not found" }] : [];
  const { suspended, concurrencyPolicy, environment, mountsAzureToken } = cronJob.value;
  const sightings: Sighting[] = [];
  if (suspended) sightings.push({ code: "bootstrap-suspended", where, seen: "spec.suspend is true" });
  if (concurrencyPolicy === "Replace") {
    sightings.push({ code: "bootstrap-overruns", where, seen: "concurrencyPolicy is Replace, wanted Forbid" });
  }
  const usesAzure = expected.bootstrap.config.source.type === "azure-key-vault";
  if (usesAzure && (!mountsAzureToken || environment["AZURE_FEDERATED_TOKEN_FILE"] === undefined)) {
    const lacking = mountsAzureToken
      ? "AZURE_FEDERATED_TOKEN_FILE"
      : `a projected token for ${expected.federated.audience}`;
    sightings.push({ code: "federated-token-file-missing", where, seen: `the pod template has not ${lacking}` });
  }
  return sightings;
}

function ofPods({ snapshot, expected }: View): readonly Sighting[] {
  if (!snapshot.pods.ok) return [];
  const newest = newestFailed(snapshot.pods.value, expected);
  if (newest === undefined) return [];
  const where = `Pod ${newest.namespace}/${newest.name}`;
  const job = newest.owner?.replace("Job/", "") ?? newest.name;
  const say = (code: CauseCode, seen: string): readonly Sighting[] => [{ code, where, seen, name: job }];
  if (newest.unschedulable !== undefined) return say("bootstrap-unschedulable", newest.unschedulable);
  const { warning, phase } = newest;
  if (phase === "Pending" && warning !== undefined && mountReasons.test(warning.reason)) {
    return say("bootstrap-cannot-start", `${warning.reason}: ${warning.message}`);
  }
  for (const { reason = "", message = "" } of newest.containers) {
    if (pullReasons.test(reason)) return say("bootstrap-image-not-pulled", `${reason}: ${message}`);
    if (startReasons.test(reason)) return say("bootstrap-cannot-start", `${reason}: ${message}`);
  }
  return [];
}

export function isOfBootstrap(
  { namespace, owner = "" }: PodState,
  expected: Pick<Expectation, "namespace" | "bootstrap">,
): boolean {
  return namespace === expected.namespace && owner.startsWith(`Job/${expected.bootstrap.name}`);
}

/** The newest pod of the bootstrap, unless it has succeeded or runs: an older pod's trouble is over. */
function newestFailed(pods: readonly PodState[], expected: Expectation): PodState | undefined {
  const [newest] = pods
    .filter((pod) => isOfBootstrap(pod, expected))
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  return newest?.phase === "Succeeded" ? undefined : newest;
}

/** Where the cause of a failed run is reported, unless an earlier stage has reported it. */
const codeOfCause: Partial<Record<BootstrapCause, CauseCode>> = {
  "required-missing": "key-vault-secret-missing",
  "value-refused": "key-vault-value-refused",
  "source-unreachable": "key-vault-unreachable",
  "source-throttled": "key-vault-throttled",
  "token-file-missing": "federated-token-file-missing",
  "vault-sealed": "vault-sealed",
  "vault-uninitialised": "vault-uninitialised",
  "vault-lost": "vault-lost",
  "vault-orphaned": "vault-orphaned",
  "vault-auth-refused": "vault-auth-config-wrong",
  "vault-policy-refused": "vault-policy-narrow",
  "vault-throttled": "vault-throttled",
  conflict: "bootstrap-conflict",
  "lease-held": "bootstrap-lease-held",
  "kubernetes-refused": "bootstrap-forbidden-in-cluster",
  "kubernetes-login-refused": "bootstrap-login-refused",
  "kubernetes-throttled": "api-server-overloaded",
  "kubernetes-failing": "api-server-overloaded",
  "bad-configuration": "bootstrap-misconfigured",
  terminated: "bootstrap-interrupted",
};

/** Causes that identity's rule has judged: only it can distinguish a wrong credential from a slow one. */
const toldByIdentity: ReadonlySet<BootstrapCause> = new Set(["federation-mismatch", "source-forbidden"]);

function ofLastRun(view: View): readonly Sighting[] {
  const { snapshot, expected, before } = view;
  const overrun = ofDeadline(view);
  if (overrun.length > 0) return overrun;
  const failure = lastFailure(snapshot, expected);
  if (failure === undefined || toldByIdentity.has(failure.cause)) return [];
  const { where, seen, cause, job } = failure;
  const say = (code: CauseCode): readonly Sighting[] => [
    { code, where, seen, ...(job === undefined ? {} : { name: job }) },
  ];
  if (cause === "vault-unreachable") {
    return say(snapshot.vault.health.ok ? "vault-address-wrong" : "vault-unreachable");
  }
  const code = codeOf(failure, expected);
  // the status may be outdated: a Vault that is unsealed now is no longer sealed
  if (code.startsWith("vault-") && isOver(view, cause)) return [];
  const rootsSeen = before.filter((one) => causes[one.code].severity === "error");
  const sameStage = rootsSeen.find((one) => causes[one.code].stage === causes[code].stage);
  return sameStage === undefined ? say(code) : [{ ...sameStage, where, seen }];
}

function ofDeadline({ snapshot, expected }: View): readonly Sighting[] {
  const { jobs } = snapshot.bootstrap;
  const newest = jobs.ok ? jobs.value.find(({ result }) => result !== "running") : undefined;
  if (newest?.reason !== "DeadlineExceeded") return [];
  return [
    {
      code: "bootstrap-overruns",
      where: `Job ${expected.namespace}/${newest.name}`,
      seen: "DeadlineExceeded",
      name: newest.name,
    },
  ];
}

function codeOf({ cause, seen }: BootstrapFailureSeen, { bootstrap }: Expectation): CauseCode {
  if (cause === "terminated" && /not done after/.test(seen)) return "bootstrap-overruns"; // by its own deadline
  if (cause === "source-unreachable" && bootstrap.config.source.type === "kubernetes-secret") {
    return "bootstrap-source-missing";
  }
  return codeOfCause[cause] ?? "bootstrap-failed";
}

function isOver({ snapshot, before }: View, cause: BootstrapCause): boolean {
  const { health, authConfig } = snapshot.vault;
  if (
    cause === "vault-sealed" ||
    cause === "vault-uninitialised" ||
    cause === "vault-lost" ||
    cause === "vault-orphaned"
  ) {
    return health.ok && (health.value.state === "active" || health.value.state === "standby");
  }
  if (cause !== "vault-auth-refused") return false;
  return (
    authConfig.ok && !before.some(({ code }) => causes[code].stage === "vault" && causes[code].severity === "error")
  );
}

/** What the last run said of each secret. */
function ofOutcomes(view: View): readonly Sighting[] {
  const { snapshot, expected } = view;
  const { status } = snapshot.bootstrap;
  if (!status.ok) return [];
  const where = `ConfigMap ${expected.namespace}/${expected.bootstrap.config.statusConfigMap}`;
  const external = new Set(
    expected.plan.secrets.filter(({ authority }) => authority === "external").map(({ name }) => name),
  );
  return status.value.secrets.flatMap(({ name, outcome, reason = "no reason given" }): readonly Sighting[] => {
    const seen = `${name}: ${outcome}: ${reason}`;
    if (outcome === "failed") {
      return [{ code: codeOfReason(reason), where, seen, secrets: [name], name }];
    }
    return outcome === "kept" && external.has(name)
      ? [{ code: "bootstrap-secret-kept", where, seen, secrets: [name], name }]
      : [];
  });
}

/** By the bootstrap's own text: one cause of a run may explain several of its secrets. */
function codeOfReason(reason: string): CauseCode {
  if (/in the source/.test(reason)) return "key-vault-value-refused";
  if (/neither we nor the source/.test(reason)) return "bootstrap-secret-kept";
  return /conflict|another writer|check-and-set/i.test(reason) ? "bootstrap-conflict" : "bootstrap-secret-failed";
}

/** Long without a success, and nothing that says why. */
function ofSilence(view: View, seen: readonly Sighting[]): readonly Sighting[] {
  const { snapshot, expected, before } = view;
  const { status, jobs, cronJob } = snapshot.bootstrap;
  if (!cronJob.ok || [...before, ...seen].some(({ code }) => causes[code].severity === "error")) return [];
  const where = `CronJob ${expected.namespace}/${expected.bootstrap.name}`;
  const bound = periodsUntilStale * expected.strictness.bootstrapIntervalInMinutes * 60_000;
  const last = (status.ok ? status.value.lastSuccessAt : undefined) ?? cronJob.value.lastSucceededAt;
  const sinceLast = age(snapshot, last) ?? age(snapshot, cronJob.value.createdAt) ?? 0;
  if (last === undefined && jobs.ok && sinceLast <= bound) {
    return [{ code: "bootstrap-waiting", where, seen: "no run has ended yet" }];
  }
  const minutes = Math.floor(sinceLast / 60_000);
  return sinceLast > bound
    ? [
        {
          code: "bootstrap-stale",
          where,
          seen: last === undefined ? `no success in ${minutes} min` : `last success ${minutes} min ago (${last})`,
        },
      ]
    : [];
}
