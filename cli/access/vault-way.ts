import { ReadError } from "../../diagnose/observe/access.ts";
import type { EnvironmentStack } from "../../domain/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { reachVault } from "../deploy/cloud.ts";
import { KubernetesError, type Cluster } from "./cluster.ts";
import { vaultState } from "./vault.ts";

/** How this machine reaches an environment's Vault: by itself, by a port-forward that is open now, or not at all. */
export interface WayToVault {
  /** Why there is none, in the API server's words where it refused; a text where no server was asked. */
  readonly closed?: ReadError | string;
  close(): Promise<void>;
}

/**
 * Opens a port-forward where the stack needs one, and makes sure that something answers at its end. A way that stays
 * closed is told, not thrown: it becomes a finding that names what is missing.
 */
export async function openWayToVault(stack: EnvironmentStack, cluster: Cluster): Promise<WayToVault> {
  const nothing = () => Promise.resolve();
  try {
    const forward = await reachVault(stack);
    if (forward === undefined || (await vaultState(stack.vault.operatorAddress)) !== "unreachable")
      return { close: async () => forward?.close() };
    const closed = await whyClosed(stack, cluster);
    return { closed, close: () => forward.close() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { closed: error.message.replace("\n  fix: ", "; "), close: nothing };
  }
}

/**
 * A refused port-forward says no more than `403`. The same path without the upgrade is told in full: who lacks which
 * right where, or that there is no such pod; where all of that is in order, 400.
 */
async function whyClosed({ vault }: EnvironmentStack, cluster: Cluster): Promise<ReadError | string> {
  const { namespace, name } = vault.serviceAccount;
  const of = `no port-forward to ${namespace}/${name}-0`;
  try {
    await cluster.text(`/api/v1/namespaces/${namespace}/pods/${name}-0/portforward?ports=8200`);
  } catch (error) {
    if (error instanceof UserError) return error.message.replace("\n  fix: ", "; ");
    if (error instanceof KubernetesError && error.status !== 400)
      return new ReadError(error.status, `${of}: ${error.message}`, { cause: error });
  }
  return new ReadError(502, `${of}: the pod is there, and nothing in it answers at port 8200`);
}
