import type { BootstrapSecretStatus, BootstrapStatus } from "../domain/bootstrap-config.ts";
import type { KubernetesClient } from "./kubernetes-client.ts";
import type { Outcome } from "./phases/write.ts";

/** Kubernetes refuses a ConfigMap over 1 MiB; the rest is room for its metadata. */
const statusLimitInBytes = 900_000;

/** What comes first where not all fit. */
const order = ["failed", "kept", "written", "unchanged"] as const;

/** Outcomes as the status shows them: sorted, and cut to what a ConfigMap holds. */
export function secretsForStatus(
  outcomes: readonly Outcome[],
  limitInBytes: number = statusLimitInBytes,
): Pick<BootstrapStatus, "secrets" | "omitted"> {
  const all = outcomes
    .map(({ secret: { name, path }, outcome, reason, sourceVersion, vaultVersion }): BootstrapSecretStatus => ({
      name,
      path,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(sourceVersion === undefined ? {} : { sourceVersion }),
      ...(vaultVersion === undefined ? {} : { vaultVersion }),
    }))
    .toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || (a.name < b.name ? -1 : 1));
  let bytes = 0;
  const fits = all.findIndex((one) => (bytes += Buffer.byteLength(JSON.stringify(one)) + 1) > limitInBytes);
  return fits < 0 ? { secrets: all } : { secrets: all.slice(0, fits), omitted: all.length - fits };
}

/** The ConfigMap that `doctor` reads: one key, `status`, a {@link BootstrapStatus} as JSON. */
export class StatusConfigMap {
  readonly #kubernetes: KubernetesClient;
  readonly #namespace: string;
  readonly #name: string;
  readonly #path: string;

  constructor(kubernetes: KubernetesClient, namespace: string, name: string) {
    this.#kubernetes = kubernetes;
    this.#namespace = namespace;
    this.#name = name;
    this.#path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  }

  /** Keeps the last success, and the outcomes of the run before where this one came to none. */
  async write(status: BootstrapStatus): Promise<void> {
    const before = await this.#read();
    const lastSuccessAt = status.lastSuccessAt ?? before?.lastSuccessAt;
    const keeps = status.secrets.length === 0 && before !== undefined;
    const merged: BootstrapStatus = {
      ...status,
      ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
      ...(keeps
        ? { secrets: before.secrets, ...(before.omitted === undefined ? {} : { omitted: before.omitted }) }
        : {}),
    };
    await this.#kubernetes.apply(this.#path, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: this.#name, namespace: this.#namespace },
      data: { status: JSON.stringify(merged) },
    });
  }

  async #read(): Promise<BootstrapStatus | undefined> {
    const answer = await this.#kubernetes.get(this.#path);
    const text = (answer?.body as { data?: { status?: string } } | undefined)?.data?.status;
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as BootstrapStatus;
    } catch {
      // somebody edited it; this run writes it whole again
      return undefined;
    }
  }
}
