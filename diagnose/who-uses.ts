import type { PodState, SecretUse, Snapshot, WorkloadState } from "../domain/snapshot.ts";
import type { Expectation } from "./explain/view.ts";
import { plannedSecret } from "./lineage.ts";

/** One Kubernetes Secret that holds the secret, and what reads it. */
export interface Use {
  readonly namespace: string;
  readonly externalSecret: string;
  readonly secret: string;
  readonly keys: readonly string[];
  /** Accounts that pull images with it. */
  readonly serviceAccounts: readonly string[];
  readonly consumers: readonly Consumer[];
}

export interface Consumer {
  /** Such as `Deployment/langfuse`, or `Pod/x` for one that no workload owns. */
  readonly workload: string;
  readonly by: readonly SecretUse["by"][];
  /**
   * What must happen for it to see a new value: `follows` (a mounted file, within two minutes), `restarts-itself`
   * (Reloader), `next-run` (a CronJob), `next-pull`, or `restart`: someone must do it.
   */
  readonly afterChange: "follows" | "restarts-itself" | "next-run" | "next-pull" | "restart";
}

/**
 * Everything that reads a secret, by what the cluster holds now.
 *
 * @param name - of the catalogue.
 * @throws UserError when the environment has no such secret.
 */
export function whoUses(snapshot: Snapshot, expected: Expectation, name: string): readonly Use[] {
  plannedSecret(expected, name);
  return expected.plan.deliveries
    .filter(({ keys }) => keys.some(({ secret }) => secret === name))
    .map(({ namespace, name: externalSecret, target, keys, imagePullServiceAccounts }) => ({
      namespace,
      externalSecret,
      secret: target,
      keys: keys.filter(({ secret }) => secret === name).map(({ secretKey }) => secretKey),
      serviceAccounts: imagePullServiceAccounts,
      consumers: consumersOf(snapshot, namespace, target),
    }));
}

/** Workloads that read a Secret, and pods of none. */
export function consumersOf({ workloads, pods }: Snapshot, namespace: string, secret: string): readonly Consumer[] {
  const found = (workloads.ok ? workloads.value : [])
    .filter((one) => one.namespace === namespace && reads(one, secret))
    .map((one): Consumer => {
      const by = waysOf(one, secret);
      return { workload: `${one.kind}/${one.name}`, by, afterChange: afterChange(by, one) };
    });
  const alone = (pods.ok ? pods.value : [])
    .filter((one) => one.namespace === namespace && one.owner === undefined && reads(one, secret))
    .map((one): Consumer => {
      const by = waysOf(one, secret);
      return { workload: `Pod/${one.name}`, by, afterChange: afterChange(by) };
    });
  return [...found, ...alone];
}

function reads({ secrets }: Pick<PodState, "secrets">, name: string): boolean {
  return secrets.some(({ secret }) => secret === name);
}

function waysOf({ secrets }: Pick<PodState, "secrets">, name: string): readonly SecretUse["by"][] {
  return secrets.filter(({ secret }) => secret === name).map(({ by }) => by);
}

function afterChange(by: readonly SecretUse["by"][], workload?: WorkloadState): Consumer["afterChange"] {
  if (workload?.kind === "CronJob") return "next-run";
  if (by.includes("environment")) return workload?.reloads === true ? "restarts-itself" : "restart";
  return by.includes("volume") ? "follows" : "next-pull";
}
