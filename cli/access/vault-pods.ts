import { ServerError } from "../../clients/http.ts";
import { listAll, type Cluster } from "../../clients/kubernetes.ts";
import type { VaultHealth } from "../../clients/vault.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { operatorTarget, type VaultTarget } from "../../domain/vault-target.ts";
import { openPortForward } from "./port-forward.ts";
import { vaultHealth } from "./vault.ts";

/** A way to one pod of Vault, until it is closed. */
export interface OpenVaultPod {
  readonly target: VaultTarget;
  close(): Promise<void>;
}

/** The pods of a Vault, and how this machine reaches each. */
export interface VaultPods {
  /** By their number. Only the first where they may not be listed. */
  names(): Promise<readonly string[]>;
  open(name: string): Promise<OpenVaultPod>;
}

export interface VaultPodHealth {
  readonly name: string;
  readonly health: VaultHealth;
}

/** The pods of the stack's StatefulSet, each by a port-forward of its own. */
export function vaultPodsOf({ vault, cluster: place }: EnvironmentStack, cluster: Pick<Cluster, "get">): VaultPods {
  const { namespace, name } = vault.statefulSet;
  return {
    async names() {
      try {
        const pods = await listAll<{ metadata: { name: string } }>(cluster, `/api/v1/namespaces/${namespace}/pods`);
        const numbers = pods
          .map((pod) => pod.metadata.name)
          .filter((pod) => pod.startsWith(`${name}-`))
          .map((pod) => pod.slice(name.length + 1))
          .filter((number) => /^\d+$/.test(number))
          .toSorted((one, other) => Number(one) - Number(other));
        return numbers.length === 0 ? [`${name}-0`] : numbers.map((number) => `${name}-${number}`);
      } catch (error) {
        if (error instanceof ServerError) return [`${name}-0`];
        throw error;
      }
    },
    async open(pod) {
      const scheme = vault.operatorAddress.startsWith("https:") ? "https" : "http";
      const forward = await openPortForward({ ...place, scheme, namespace, pod, podPort: 8200, localPort: 0 });
      const target = operatorTarget({ ...vault, operatorAddress: forward.address });
      return { target, close: () => forward.close() };
    },
  };
}

/** Asks every pod for its health, in order: each reports about itself alone. */
export async function healthOfPods(pods: VaultPods): Promise<readonly VaultPodHealth[]> {
  return await Promise.all(
    (await pods.names()).map(async (name) => ({ name, health: await withPod(pods, name, vaultHealth) })),
  );
}

/** Runs `use` with a way to one pod. */
export async function withPod<T>(pods: VaultPods, name: string, use: (target: VaultTarget) => Promise<T>): Promise<T> {
  const pod = await pods.open(name);
  try {
    return await use(pod.target);
  } finally {
    await pod.close();
  }
}

/** In the order in which commands prefer a pod: a standby forwards calls, the others at least show what is wrong. */
const preference: readonly VaultHealth["state"][] = ["active", "standby", "sealed", "uninitialised", "unreachable"];

/** The pod to talk to. A Vault with one pod is not asked first. */
export async function preferredPod(pods: VaultPods): Promise<string> {
  const [first = "", ...others] = await pods.names();
  if (others.length === 0) return first;
  const rank = ({ health }: VaultPodHealth): number => preference.indexOf(health.state);
  return (await healthOfPods(pods)).toSorted((one, other) => rank(one) - rank(other))[0]?.name ?? first;
}

/** Such as `vault-0 active, vault-1 standby, vault-2 sealed`. */
export function formatPods(pods: readonly VaultPodHealth[]): string {
  return pods.map(({ name, health }) => `${name} ${health.state}`).join(", ");
}
