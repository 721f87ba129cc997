import { parseBootstrapStatus, type BootstrapSecretStatus, type BootstrapStatus } from "../domain/bootstrap-config.ts";
import type { KubernetesClient } from "../clients/kubernetes.ts";
import type { Run } from "./run-context.ts";

/** Kubernetes refuses a ConfigMap over 1 MiB; the rest is room for its metadata. */
const statusLimitInBytes = 900_000;

/** What comes first where not all fit. */
const order = ["failed", "kept", "written", "unchanged"] as const;

/**
 * The status to write: sorted, cut to what a ConfigMap holds, and with what stays true of the one before, which is its
 * last success, and the outcomes of secrets that a run which failed or was stopped did not come to.
 */
export function mergedStatus(
  status: BootstrapStatus,
  before: BootstrapStatus | undefined,
  limitInBytes: number = statusLimitInBytes,
): BootstrapStatus {
  const lastSuccessAt = status.lastSuccessAt ?? before?.lastSuccessAt;
  const told = new Set(status.secrets.map(({ path }) => path));
  const untold = status.cause === "ok" ? [] : (before?.secrets.filter(({ path }) => !told.has(path)) ?? []);
  const all = [...status.secrets, ...untold].toSorted(
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

/**
 * Names of the secrets that expire soon or have expired, as annotations: those alone are what kube-state-metrics can show
 * of a ConfigMap, for the alerts in monitoring/.
 */
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
