import type { KubernetesClient } from "../clients/kubernetes.ts";
import {
  bootstrapExitCodes,
  parseBootstrapStatus,
  type BootstrapCause,
  type BootstrapPhase,
  type BootstrapSecretStatus,
  type BootstrapStatus,
} from "../domain/bootstrap-config.ts";
import { messageOf, type BootstrapFailure } from "./failure.ts";
import type { Outcome } from "./decide.ts";
import type { Run } from "./run-context.ts";

/** Kubernetes refuses a ConfigMap over 1 MiB; the rest is room for its metadata. */
const statusLimitInBytes = 900_000;

/** What comes first where not all fit. */
const order = ["failed", "kept", "written", "unchanged"] as const;

/**
 * Sorted, cut to what a ConfigMap holds; keeps the last success, outcomes that a failed or stopped run lacks, and how a
 * version was delivered that this run left unchanged.
 */
export function mergedStatus(
  status: BootstrapStatus,
  before: BootstrapStatus | undefined,
  limitInBytes: number = statusLimitInBytes,
): BootstrapStatus {
  const lastSuccessAt = status.lastSuccessAt ?? before?.lastSuccessAt;
  const former = new Map(before?.secrets.map((one) => [one.path, one]));
  const reported = status.secrets.map((one) => {
    const { vaultVersion, deliveredAt, notDelivered } = former.get(one.path) ?? {};
    const isReported = one.deliveredAt !== undefined || one.notDelivered !== undefined;
    if (one.outcome !== "unchanged" || isReported || one.vaultVersion !== vaultVersion) return one;
    return { ...one, ...(deliveredAt !== undefined && { deliveredAt }), ...(notDelivered && { notDelivered }) };
  });
  for (const { path } of reported) former.delete(path);
  const unreported = status.cause === "ok" ? [] : former.values();
  const all = [...reported, ...unreported].toSorted(
    (a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || (a.name < b.name ? -1 : 1),
  );
  let bytes = 0;
  const fits = all.findIndex((one) => (bytes += Buffer.byteLength(JSON.stringify(one)) + 1) > limitInBytes);
  return {
    ...status,
    ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
    ...(fits < 0 ? { secrets: all } : { secrets: all.slice(0, fits), omitted: all.length - fits }),
  };
}

/** The days before an expiry at which monitoring/ alerts. */
const alertsInDays = [14, 3];
const namesInAnnotation = 20;

/** kube-state-metrics can show only annotations of a ConfigMap: the alerts in monitoring/ read these. */
export function expiryAnnotations(secrets: readonly BootstrapSecretStatus[], now: Date): Record<string, string> {
  return Object.fromEntries(
    alertsInDays.flatMap((days) => {
      const limit = now.getTime() + days * 86_400_000;
      const names = secrets.filter(({ expiresAt = "" }) => Date.parse(expiresAt) <= limit).map(({ name }) => name);
      if (names.length === 0) return [];
      const more = names.length > namesInAnnotation ? ` and ${names.length - namesInAnnotation} more` : "";
      const text = `${names.toSorted().slice(0, namesInAnnotation).join(", ")}${more}`;
      return [[`ameide.io/secrets-expire-within-${days}-days`, text]];
    }),
  );
}

/** The ConfigMap that `doctor` reads: one key, `status`, a {@link BootstrapStatus} as JSON. */
export class StatusConfigMap {
  readonly #kubernetes: KubernetesClient;
  readonly #name: string;
  readonly #path: string;

  constructor({ kubernetes, config }: Pick<Run, "kubernetes" | "config">) {
    this.#kubernetes = kubernetes;
    this.#name = config.statusConfigMap;
    this.#path = `/api/v1/namespaces/${config.namespace}/configmaps/${this.#name}`;
  }

  async write(status: BootstrapStatus): Promise<void> {
    const merged = mergedStatus(status, await this.read());
    const annotations = expiryAnnotations(merged.secrets, new Date(status.finishedAt));
    const metadata = { name: this.#name, annotations };
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { status: JSON.stringify(merged) } };
    await this.#kubernetes.apply(this.#path, configMap, { fieldManager: "vault-bootstrap" });
  }

  /** @returns `undefined` before the first run, and if somebody edited it into something else. */
  async read(): Promise<BootstrapStatus | undefined> {
    const text = (await this.#kubernetes.find<{ data?: { status?: string } }>(this.#path))?.data?.status;
    return text === undefined ? undefined : parseBootstrapStatus(text);
  }
}

export interface Ending {
  readonly runId: string;
  readonly startedAt: Date;
  readonly cause: BootstrapCause;
  readonly phase: BootstrapPhase | undefined;
  readonly failure: BootstrapFailure | undefined;
  readonly outcomes: readonly Outcome[];
  readonly untilUnsealed: boolean;
  readonly sourceCalls: number;
}

/** Kubernetes keeps the last 2 KiB of a failed container's log as its message: the summary is to fit in. */
const problemInLog = 1_200;

/** A run that only unsealed Vault has nothing to report. One that met another run leaves the status to it. */
export async function writeStatus(run: Run, ending: Ending): Promise<void> {
  const { runId, startedAt, cause, phase, failure, outcomes, untilUnsealed } = ending;
  if (run.dryRun || cause === "lease-held" || (cause === "ok" && untilUnsealed)) return;
  const finishedAt = new Date().toISOString();
  try {
    await new StatusConfigMap(run).write({
      runId,
      startedAt: startedAt.toISOString(),
      finishedAt,
      ...(cause === "ok" ? { lastSuccessAt: finishedAt } : {}),
      cause,
      ...(failure === undefined || phase === undefined ? {} : { phase }),
      ...(failure === undefined ? {} : { message: failure.message }),
      secrets: outcomes.map(({ secret: { name, path }, cause: _cause, ...rest }) => ({ name, path, ...rest })),
    });
  } catch (error) {
    // the secrets are where they belong: the run is what it was, and says that its status is old
    run.log.warn("status-not-written", { because: messageOf(error) });
  }
}

/** With the names of this stack, so that its commands work as printed. */
function fixFor({ fix }: BootstrapFailure, environment: string): string {
  const named = environment === "local" ? fix.replaceAll("up --stack <stack>", "local up") : fix;
  return named.replaceAll("<stack>", environment);
}

/** The one line that every run ends with. */
export function summarise({ log, dryRun, config }: Run, ending: Ending): void {
  const { startedAt, cause, failure, outcomes, sourceCalls } = ending;
  const count = (wanted: string): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const fields = {
    cause,
    exitCode: bootstrapExitCodes[cause],
    dryRun,
    written: count("written"),
    unchanged: count("unchanged"),
    kept: count("kept"),
    failed: count("failed"),
    delivered: outcomes.filter(({ deliveredAt }) => deliveredAt !== undefined).length,
    notDelivered: outcomes.filter(({ notDelivered }) => notDelivered !== undefined).length,
    expired: outcomes.filter(({ expiresAt }) => Date.parse(expiresAt ?? "") <= Date.now()).length,
    sourceCalls,
    durationInMs: Date.now() - startedAt.getTime(),
    ...(failure === undefined
      ? {}
      : { problem: failure.problem.slice(0, problemInLog), fix: fixFor(failure, config.environment) }),
  };
  if (failure === undefined) log.info("summary", fields);
  else log.error("summary", fields);
}
