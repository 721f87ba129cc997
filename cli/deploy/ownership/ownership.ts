import type { AzureReader, VaultReader } from "../../../diagnose/observe/access.ts";
import type { StackPlan } from "../../../domain/plan/environment.ts";
import { UserError } from "../../../domain/user-error.ts";
import type { Cluster } from "../../access/cluster.ts";
import type { Change } from "../engine/run-log.ts";
import { foreignInAzure } from "./azure-objects.ts";
import { foreignInKubernetes } from "./kubernetes-objects.ts";
import { cutOffInKubernetes } from "./live-secrets.ts";
import { foreignInVault } from "./vault-objects.ts";

/** The ways to look; a part that a stack does not have is left out. */
export interface OwnershipAccess {
  /** Opened only where the plan creates something there: Azure's SDK takes its time to load. */
  readonly azure?: () => Promise<AzureReader>;
  readonly cluster?: Cluster;
  readonly vault?: VaultReader;
}

/**
 * Stops an update between its preview and its first change, where the plan would write over what another made: nothing
 * that this program did not make is overwritten. Work grows with what the plan creates or writes, not with what exists.
 *
 * @throws UserError with every such object: whose it is, and how to go on.
 */
export async function refuseForeign(
  changes: readonly Change[],
  plan: StackPlan,
  { azure, cluster, vault }: OwnershipAccess,
): Promise<void> {
  const found = await Promise.all([
    azure === undefined ? [] : foreignInAzure(changes, plan, azure),
    cluster === undefined ? [] : foreignInKubernetes(changes, plan.kind === "shared" ? plan.kind : plan.name, cluster),
    cluster === undefined || plan.kind === "shared" ? [] : cutOffInKubernetes(changes, plan, cluster),
    vault === undefined || plan.kind === "shared" ? [] : foreignInVault(changes, plan, vault),
  ]);
  const findings = found.flat();
  if (findings.length > 0) throw UserError.from(findings);
}
