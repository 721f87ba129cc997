import { ServerError } from "../../clients/http.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { defaultOperatorAddress } from "../../environments/vault-place.ts";
import { type Cluster, KubernetesError } from "../../clients/kubernetes.ts";
import { openPortForward, type PortForward } from "./port-forward.ts";
import { preferredPod, vaultPodsOf } from "./vault-pods.ts";
import { vaultState } from "./vault.ts";

/** How this machine reaches an environment's Vault: directly, by a port-forward that is open now, or not at all. */
export interface WayToVault {
  /** Where it begins. */
  readonly address: string;
  /** Why there is none, in the API server's words where it refused; a text where no server was asked. */
  readonly closed?: ServerError | string;
  close(): Promise<void>;
}

/**
 * Opens a port-forward where the stack needs one, and makes sure that something answers at its end. A way that stays
 * closed is returned, not thrown: it becomes a finding that names what is missing.
 *
 * Where no setting says how Vault is reached the way is its own, at a port of its own: what answers at one that is known
 * may be another command's, which takes it away when it ends, or another Vault, which must not get this one's keys.
 */
export async function openWayToVault(stack: EnvironmentStack, cluster: Cluster): Promise<WayToVault> {
  const { operatorAddress } = stack.vault;
  const nothing = () => Promise.resolve();
  try {
    const isOwn = stack.name !== "local" && operatorAddress === defaultOperatorAddress(stack.name, stack.vault.address);
    const forward = isOwn ? await forwardToVault(stack, cluster, 0) : await reachVault(stack, cluster);
    const address = isOwn && forward !== undefined ? forward.address : operatorAddress;
    const close = async () => forward?.close();
    if (
      forward === undefined ||
      (await vaultState(operatorTarget({ ...stack.vault, operatorAddress: address }))) !== "unreachable"
    )
      return { address, close };
    return { address, closed: await whyClosed(stack, cluster), close };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { address: operatorAddress, closed: error.message.replace("\n  fix: ", "; "), close: nothing };
  }
}

/**
 * A refused port-forward says no more than `403`. The same path without the upgrade gets the full answer: who lacks which
 * right where, or that there is no such pod; where all of that is in order, 400.
 */
async function whyClosed({ vault }: EnvironmentStack, cluster: Cluster): Promise<ServerError | string> {
  const { namespace, name } = vault.statefulSet;
  const of = `no port-forward to ${namespace}/${name}-0`;
  try {
    await cluster.text(`/api/v1/namespaces/${namespace}/pods/${name}-0/portforward?ports=8200`);
  } catch (error) {
    if (error instanceof UserError) return error.message.replace("\n  fix: ", "; ");
    if (error instanceof KubernetesError && error.status !== 400)
      return new ServerError(error.status, `${of}: ${error.message}`, { cause: error });
  }
  return new ServerError(502, `${of}: the pod exists, but nothing answers at its port 8200`);
}

/**
 * A port-forward to Vault's active pod, where its operator address is a loopback one at which nothing answers yet.
 *
 * @returns what is to be closed at the end; `undefined` where Vault is reached without.
 */
export async function reachVault(
  stack: EnvironmentStack,
  cluster: Pick<Cluster, "get">,
): Promise<PortForward | undefined> {
  const address = new URL(stack.vault.operatorAddress);
  if (!["127.0.0.1", "localhost"].includes(address.hostname)) return undefined;
  if ((await vaultState(operatorTarget(stack.vault))) !== "unreachable") return undefined;
  return forwardToVault(stack, cluster, Number(address.port || "8200"));
}

/** A port-forward to the pod that serves, which is not always the first. @param localPort - `0` takes any that is free. */
export async function forwardToVault(
  stack: EnvironmentStack,
  cluster: Pick<Cluster, "get">,
  localPort: number,
): Promise<PortForward> {
  const { vault } = stack;
  return openPortForward({
    ...stack.cluster,
    scheme: new URL(vault.operatorAddress).protocol === "https:" ? "https" : "http",
    namespace: vault.statefulSet.namespace,
    pod: await preferredPod(vaultPodsOf(stack, cluster)),
    podPort: 8200,
    localPort,
  });
}
