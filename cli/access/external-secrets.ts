import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../domain/user-error.ts";
import type { Cluster, KubernetesObject } from "../../clients/kubernetes.ts";

/** What the command line reads of an ExternalSecret. */
export interface ExternalSecret extends KubernetesObject {
  readonly status?: {
    readonly refreshTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

interface ManagedFields {
  readonly manager: string;
  readonly subresource?: string;
  readonly time?: string;
}

export function externalSecretPath(namespace: string, name = ""): string {
  return `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets${name === "" ? "" : `/${name}`}`;
}

/**
 * Whether ESO has synced it since anyone last changed it. An old Ready proves nothing: the sync must be younger than the
 * last change of what is not the status (both times are whole seconds).
 */
export function isSynced({ metadata, status }: ExternalSecret): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True" || status?.refreshTime === undefined) return false;
  const managed = (metadata["managedFields"] ?? []) as readonly ManagedFields[];
  const changed = managed
    .filter(({ subresource }) => subresource !== "status")
    .map(({ time = "" }) => Date.parse(time) || 0);
  return Date.parse(status.refreshTime) >= Math.max(0, ...changed);
}

/** Why External Secrets says that it is not Ready: its Events name the cause, the condition is generic. */
export async function whyNotReady(cluster: Cluster, { metadata, status }: ExternalSecret): Promise<string> {
  interface Events {
    readonly items: readonly { readonly type?: string; readonly message?: string; readonly lastTimestamp?: string }[];
  }
  const selector = encodeURIComponent(`involvedObject.uid=${metadata.uid ?? ""}`);
  const { items } = await cluster.get<Events>(
    `/api/v1/namespaces/${metadata.namespace}/events?fieldSelector=${selector}`,
  );
  const last = items
    .filter(({ type }) => type === "Warning")
    .toSorted((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? ""))
    .at(-1);
  return last?.message ?? status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "not synced yet";
}

/**
 * Waits until ESO has synced every one of them since its last change.
 *
 * @throws UserError with each that is not, and ESO's reason, when the time is over.
 */
export async function waitUntilSynced(
  cluster: Cluster,
  names: readonly { readonly namespace: string; readonly name: string }[],
  options: { readonly timeoutInSeconds: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.timeoutInSeconds * 1000;
  const waiting = new Map(names.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }]));
  for (;;) {
    options.signal.throwIfAborted();
    const seen = await Promise.all(
      [...waiting].map(async ([key, { namespace, name }]) => {
        const found = await cluster.find<ExternalSecret>(externalSecretPath(namespace, name));
        if (found !== undefined && isSynced(found)) waiting.delete(key);
        return found;
      }),
    );
    if (waiting.size === 0) return;
    if (performance.now() > deadline) {
      const reasons = await Promise.all(
        seen
          .filter((one) => one !== undefined)
          .filter((one) => !isSynced(one))
          .map(async (one) => `${one.metadata.namespace}/${one.metadata.name}: ${await whyNotReady(cluster, one)}`),
      );
      throw UserError.of(
        "external-secret-not-synced",
        `${waiting.size} ExternalSecret(s) not synced within ${options.timeoutInSeconds} s:\n    ${reasons.join("\n    ") || [...waiting.keys()].join("\n    ")}`,
        "ameide-secrets doctor --stack <stack> names the first failing stage of each",
      );
    }
    await sleep(200, undefined, { signal: options.signal });
  }
}
