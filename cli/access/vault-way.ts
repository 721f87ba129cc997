import { NetworkError, ServerError } from "../../clients/http.ts";
import { type Cluster, KubernetesError, listAll } from "../../clients/kubernetes.ts";
import type { VaultHealth } from "../../clients/vault.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget, type VaultTarget } from "../../domain/vault-target.ts";
import { defaultOperatorAddress } from "../../environments/vault-settings.ts";
import { openPortForward, type PortForward } from "./port-forward.ts";
import { vaultHealth, vaultState } from "./vault.ts";

/** How this machine reaches an environment's Vault: directly, by a port-forward that is open now, or not at all. */
export interface WayToVault {
  readonly address: string;
  /** Why there is none, in the API server's words where it refused; a text where no server was asked. */
  readonly closed?: Error | string;
  close(): Promise<void>;
}

/**
 * Opens a port-forward if the stack needs one. A closed way is returned, not thrown: it becomes a finding. If no setting
 * names an address, the port-forward gets a free port: at a known one another Vault may answer, which must not get the keys.
 */
export async function openWayToVault(stack: EnvironmentStack, cluster: Cluster): Promise<WayToVault> {
  const { operatorAddress } = stack.vault;
  try {
    const isOwn = stack.name !== "local" && operatorAddress === defaultOperatorAddress(stack.name, stack.vault.address);
    const forward = isOwn ? await forwardToVault(stack, cluster, 0) : await reachVault(stack, cluster);
    const address = isOwn && forward !== undefined ? forward.address : operatorAddress;
    const close = async () => forward?.close();
    const target = operatorTarget({ ...stack.vault, operatorAddress: address });
    if (forward === undefined || (await vaultState(target)) !== "unreachable") return { address, close };
    return { address, closed: await whyClosed(stack, cluster), close };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { address: operatorAddress, closed: inOneLine(error), close: () => Promise.resolve() };
  }
}

const refusals: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * A refused port-forward only says `403`. The same path without the upgrade gets the reason; 400 if there is none. Unless the
 * API server refuses the caller, Vault is out of reach: it has not answered, so it has not failed.
 */
async function whyClosed({ vault }: EnvironmentStack, cluster: Cluster): Promise<Error | string> {
  const { namespace, name } = vault.statefulSet;
  const title = `no port-forward to ${namespace}/${name}-0`;
  try {
    await cluster.text(`/api/v1/namespaces/${namespace}/pods/${name}-0/portforward?ports=8200`);
  } catch (error) {
    if (error instanceof UserError) return inOneLine(error);
    if (error instanceof KubernetesError && error.status !== 400) {
      const problem = `${title}: ${error.message}`;
      return refusals.has(error.status)
        ? new ServerError(error.status, problem, { cause: error })
        : new NetworkError("EHOSTUNREACH", problem, { cause: error });
    }
  }
  return new NetworkError("ECONNREFUSED", `${title}: the pod exists, but nothing answers at its port 8200`);
}

function inOneLine({ message }: UserError): string {
  return message.replace("\n  fix: ", "; ");
}

/** A port-forward to Vault's active pod, if its operator address is a loopback one at which nothing answers yet. */
export async function reachVault(
  stack: EnvironmentStack,
  cluster: Pick<Cluster, "get">,
): Promise<PortForward | undefined> {
  const address = new URL(stack.vault.operatorAddress);
  if (!["127.0.0.1", "localhost"].includes(address.hostname)) return undefined;
  if ((await vaultState(operatorTarget(stack.vault))) !== "unreachable") return undefined;
  return forwardToVault(stack, cluster, Number(address.port || "8200"));
}

/** To the pod that serves, which is not always the first. */
async function forwardToVault(stack: EnvironmentStack, cluster: Pick<Cluster, "get">, localPort: number) {
  return forwardToPod(stack, await preferredPod(vaultPodsOf(stack, cluster)), localPort);
}

function forwardToPod({ vault, cluster }: EnvironmentStack, pod: string, localPort: number): Promise<PortForward> {
  const scheme = vault.operatorAddress.startsWith("https:") ? "https" : "http";
  return openPortForward({ ...cluster, scheme, namespace: vault.statefulSet.namespace, pod, podPort: 8200, localPort });
}

export interface VaultPods {
  /** By their number. Only the first where they may not be listed. */
  names(): Promise<readonly string[]>;
  open(name: string): Promise<{ readonly target: VaultTarget; close(): Promise<void> }>;
}

export function vaultPodsOf(stack: EnvironmentStack, cluster: Pick<Cluster, "get">): VaultPods {
  const { namespace, name } = stack.vault.statefulSet;
  const isPod = (pod: string) => pod.startsWith(`${name}-`) && /^\d+$/.test(pod.slice(name.length + 1));
  return {
    async names() {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const pods = await listAll<{ metadata: { name: string } }>(cluster, path).catch((error: unknown) => {
        if (error instanceof ServerError) return [];
        throw error;
      });
      const names = pods.map(({ metadata }) => metadata.name).filter(isPod);
      return names.length === 0 ? [`${name}-0`] : names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
    },
    async open(pod) {
      const forward = await forwardToPod(stack, pod, 0);
      const target = operatorTarget({ ...stack.vault, operatorAddress: forward.address });
      return { target, close: () => forward.close() };
    },
  };
}

export interface VaultPodHealth {
  readonly name: string;
  readonly health: VaultHealth;
}

/** Asks every pod for its health, in order: each reports about itself alone. */
export async function healthOfPods(pods: VaultPods): Promise<readonly VaultPodHealth[]> {
  const names = await pods.names();
  return Promise.all(names.map(async (name) => ({ name, health: await withPod(pods, name, vaultHealth) })));
}

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
