import type { Failure, PodState, SecretUse, Snapshot, WorkloadState } from "../domain/snapshot.ts";
import type { Expectation } from "./explain/view.ts";
import { plannedSecret } from "./lineage.ts";

/** Everything that reads one secret. */
export interface Uses {
  readonly uses: readonly Use[];
  /** Why consumers may be missing from it. */
  readonly unseen: readonly Failure[];
}

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
export function whoUses(snapshot: Snapshot, expected: Expectation, name: string): Uses {
  plannedSecret(expected, name);
  const uses = expected.plan.deliveries
    .filter(({ keys }) => keys.some(({ secret }) => secret === name))
    .map(({ namespace, name: externalSecret, target, keys, imagePullServiceAccounts }) => ({
      namespace,
      externalSecret,
      secret: target,
      keys: keys.filter(({ secret }) => secret === name).map(({ secretKey }) => secretKey),
      serviceAccounts: imagePullServiceAccounts,
      consumers: consumersOf(snapshot, namespace, target),
    }));
  return { uses, unseen: uses.length === 0 ? [] : unseenConsumers(snapshot) };
}

/** The parts that consumers are told from and that could not be looked at: what they would show is unknown. */
export function unseenConsumers({ workloads, pods }: Pick<Snapshot, "workloads" | "pods">): readonly Failure[] {
  return [workloads, pods].filter((part) => !part.ok).map(({ failure }) => failure);
}

/** A part that could not be looked at, with the right that is missing or the server's words. */
export function unseenWords({ asked, message }: Failure): string {
  return `could not be looked at: ${asked}: ${message}`;
}

/** Workloads that read a Secret, and pods of none, as far as they could be looked at. */
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
