import type {
  ExternalSecretState,
  Failure,
  PodState,
  PushSecretState,
  SecretUse,
  Snapshot,
  WorkloadState,
} from "./snapshot.ts";
import { pathBelowMount } from "../domain/names.ts";
import type { Expectation } from "./explain/view.ts";
import { plannedSecret } from "./lineage.ts";

/** Everything that reads one secret. */
export interface Uses {
  readonly uses: readonly Use[];
  /** Why consumers may be missing from it. */
  readonly unseen: readonly Failure[];
}

/** One object that holds the secret, and what reads it. */
export interface Use {
  readonly namespace: string;
  readonly externalSecret: string;
  /** Name of the object. */
  readonly secret: string;
  /** Its kind, where `target.manifest` sets another one; what reads it is not looked at. @default - a Secret */
  readonly kind?: string;
  /** Keys of it that hold the secret; none where another made the ExternalSecret, and they are its own. */
  readonly keys: readonly string[];
  readonly isOurs: boolean;
  /** Accounts that pull images with it. */
  readonly serviceAccounts: readonly string[];
  readonly consumers: readonly Consumer[];
}

export interface Consumer {
  /**
   * Such as `Deployment/langfuse`; whatever else owns the pod, such as `Job/x`; `Pod/x` for one that nothing owns;
   * `PushSecret/x` for one that copies it to a store.
   */
  readonly workload: string;
  readonly by: readonly SecretUse["by"][];
  /**
   * How it gets a new value: `follows` (a mounted file, within two minutes), `next-run` (a CronJob), `next-pull`,
   * `restarts-itself` (Reloader), `restart` (a rollout, as `rotate --restart` does), or `manual`: no rollout restarts it.
   */
  readonly afterChange: "follows" | "next-run" | "next-pull" | "restarts-itself" | "restart" | "manual";
}

/**
 * Everything that reads a secret, by what the cluster holds now: what the catalogue delivers, and ExternalSecrets that others
 * made of the same path.
 *
 * @param name - of the catalogue.
 * @throws UserError when the environment has no such secret.
 */
export function whoUses(snapshot: Snapshot, expected: Expectation, name: string): Uses {
  plannedSecret(expected, name);
  const ours = expected.plan.deliveries
    .filter(({ keys }) => keys.some(({ secret }) => secret === name))
    .map(({ namespace, name: externalSecret, target, keys, imagePullServiceAccounts }) => ({
      namespace,
      externalSecret,
      secret: target,
      keys: keys.filter(({ secret }) => secret === name).map(({ secretKey }) => secretKey),
      isOurs: true,
      serviceAccounts: imagePullServiceAccounts,
      consumers: consumersOf(snapshot, namespace, target),
    }));
  const uses = [...ours, ...ofOthers(snapshot, expected, name)];
  const { externalSecrets } = snapshot;
  return {
    uses,
    unseen: [
      ...(externalSecrets.ok ? [] : [externalSecrets.failure]),
      ...(uses.length === 0 ? [] : unseenConsumers(snapshot)),
      ...(uses.length === 0 || snapshot.pushSecrets.ok ? [] : [snapshot.pushSecrets.failure]),
    ],
  };
}

function ofOthers(snapshot: Snapshot, expected: Expectation, secret: string): readonly Use[] {
  const { externalSecrets } = snapshot;
  return othersReading(externalSecrets.ok ? externalSecrets.value : [], expected, secret).map(
    ({ namespace, name, target, targetKind }) => ({
      namespace,
      externalSecret: name,
      secret: target,
      ...(targetKind && { kind: targetKind }),
      keys: [],
      isOurs: false,
      serviceAccounts: [],
      consumers: targetKind === undefined ? consumersOf(snapshot, namespace, target) : [],
    }),
  );
}

/** ExternalSecrets that read a secret and that this program did not make: a service's own, as the catalogue lets it. */
export function othersReading(
  externalSecrets: readonly ExternalSecretState[],
  { plan, vault }: Pick<Expectation, "plan" | "vault">,
  secret: string,
): readonly ExternalSecretState[] {
  const path = plan.secrets.find(({ name }) => name === secret)?.vaultPath ?? secret;
  const planned = new Set(plan.deliveries.map(({ namespace, name }) => `${namespace}/${name}`));
  return externalSecrets
    .filter(({ namespace, name }) => !planned.has(`${namespace}/${name}`))
    .filter(({ remoteKeys }) => remoteKeys.some((key) => pathBelowMount(key, vault.mount) === path));
}

/** Parts that show consumers and could not be read. */
export function unseenConsumers({ workloads, pods }: Pick<Snapshot, "workloads" | "pods">): readonly Failure[] {
  return [workloads, pods].filter((part) => !part.ok).map(({ failure }) => failure);
}

/** What reads a Secret, as far as it could be looked at: workloads, pods that none of them owns, PushSecrets. */
export function consumersOf(snapshot: Snapshot, namespace: string, secret: string): readonly Consumer[] {
  const { workloads, pods } = snapshot;
  const found = (workloads.ok ? workloads.value : [])
    .filter((one) => one.namespace === namespace && reads(one, secret))
    .map((one): Consumer => {
      const by = waysOf(one, secret);
      return { workload: `${one.kind}/${one.name}`, by, afterChange: afterChange(by, secret, one) };
    });
  const known = new Set(found.map(({ workload }) => workload));
  const others = (pods.ok ? pods.value : [])
    .filter((one) => one.namespace === namespace && reads(one, secret) && isAtWork(one))
    .map((one): Consumer => {
      const by = waysOf(one, secret);
      return { workload: workloadOf(snapshot, one), by, afterChange: afterChange(by, secret) };
    })
    .filter(({ workload }) => !known.has(workload));
  const pushes = pushersOf(snapshot, namespace, secret).map(({ name }): Consumer => ({
    workload: `PushSecret/${name}`,
    by: ["push"],
    afterChange: "follows",
  }));
  return [...found, ...new Map(others.map((one) => [one.workload, one])).values(), ...pushes];
}

/** PushSecrets that read a Secret, by its name or by its labels. */
function pushersOf({ pushSecrets, secrets }: Snapshot, namespace: string, name: string): readonly PushSecretState[] {
  const held = secrets.ok ? secrets.value.find((one) => one.namespace === namespace && one.name === name) : undefined;
  return (pushSecrets.ok ? pushSecrets.value : []).filter(({ namespace: own, secret, labels }) => {
    if (own !== namespace) return false;
    if (labels === undefined) return secret === name;
    return held !== undefined && Object.entries(labels).every(([label, value]) => held.labels[label] === value);
  });
}

/** Whether a pod sees what the Secret held when its container started, until it is restarted. */
export function isReadOnce(by: SecretUse["by"]): boolean {
  return by === "environment" || by === "sub-path";
}

function isAtWork({ phase }: PodState): boolean {
  return phase !== "Succeeded" && phase !== "Failed";
}

/**
 * What people call a pod's owner: a Deployment's ReplicaSet bears its name and a hash of the template, a CronJob's Job its
 * name and the time. What is owned by something else, such as a Rollout or an operator's own kind, is called as it says;
 * where workloads may not be looked at, a ReplicaSet counts as a Deployment's.
 */
export function workloadOf({ workloads }: Pick<Snapshot, "workloads">, { namespace, name, owner }: PodState): string {
  if (owner === undefined) return `Pod/${name}`;
  const above = owner.replace(/^ReplicaSet\/(.*)-[a-z0-9]+$/, "Deployment/$1").replace(/^Job\/(.*)-\d+$/, "CronJob/$1");
  const isKnown =
    !workloads.ok || workloads.value.some((one) => one.namespace === namespace && `${one.kind}/${one.name}` === above);
  return isKnown ? above : owner;
}

function reads({ secrets }: Pick<PodState, "secrets">, name: string): boolean {
  return secrets.some(({ secret }) => secret === name);
}

function waysOf({ secrets }: Pick<PodState, "secrets">, name: string): readonly SecretUse["by"][] {
  return secrets.filter(({ secret }) => secret === name).map(({ by }) => by);
}

function afterChange(
  by: readonly SecretUse["by"][],
  secret: string,
  workload?: WorkloadState,
): Consumer["afterChange"] {
  if (workload?.kind === "CronJob") return "next-run";
  if (by.some(isReadOnce)) {
    if (workload === undefined) return "manual";
    return workload.reloads.includes(secret) ? "restarts-itself" : "restart";
  }
  return by.includes("volume") ? "follows" : "next-pull";
}
