import {
  failuresOf,
  named,
  valuesOf,
  type ExternalSecretState,
  type Failure,
  type PodState,
  type PushSecretState,
  type SecretUse,
  type Snapshot,
  type WorkloadState,
} from "./snapshot.ts";
import { pathBelowMount } from "../domain/names.ts";
import { deliveriesOf, type Expectation } from "./explain/view.ts";
import { plannedSecret } from "./lineage.ts";

export interface Uses {
  readonly uses: readonly Use[];
  /** Why consumers may be missing from it. */
  readonly unseen: readonly Failure[];
}

/** One object that holds the secret, and what reads it. */
export interface Use {
  readonly namespace: string;
  readonly externalSecret: string;
  readonly secret: string;
  /** Its kind, where `target.manifest` sets another one; its readers are not listed. @default - a Secret */
  readonly kind?: string;
  /** Its keys that hold the secret; none if the ExternalSecret has another owner. */
  readonly keys: readonly string[];
  readonly isOurs: boolean;
  /** Accounts that pull images with it. */
  readonly serviceAccounts: readonly string[];
  readonly consumers: readonly Consumer[];
}

export interface Consumer {
  /** Such as `Deployment/langfuse`, another owner such as `Job/x`, `Pod/x` without an owner, or `PushSecret/x`. */
  readonly workload: string;
  readonly by: readonly SecretUse["by"][];
  /**
   * How it gets a new value: `follows` (a mounted file, within two minutes), `next-run` (a CronJob), `next-pull`,
   * `restarts-itself` (Reloader), `restart` (a rollout, as `rotate --restart` does), or `manual`: no rollout restarts it.
   */
  readonly afterChange: "follows" | "next-run" | "next-pull" | "restarts-itself" | "restart" | "manual";
}

/** By our deliveries and by others' ExternalSecrets of the same path. @throws UserError if there is no such secret */
export function whoUses(snapshot: Snapshot, expected: Expectation, name: string): Uses {
  plannedSecret(expected, name);
  const { externalSecrets, pushSecrets } = snapshot;
  const ours = deliveriesOf(expected, name).map(
    ({ namespace, name: externalSecret, target, keys, imagePullServiceAccounts }) => ({
      namespace,
      externalSecret,
      secret: target,
      keys: keys.filter(({ secret }) => secret === name).map(({ secretKey }) => secretKey),
      isOurs: true,
      serviceAccounts: imagePullServiceAccounts,
      consumers: consumersOf(snapshot, namespace, target),
    }),
  );
  const others = othersReading(valuesOf(externalSecrets), expected, name).map(
    ({ namespace, name: externalSecret, target, targetKind }) => ({
      namespace,
      externalSecret,
      secret: target,
      ...(targetKind && { kind: targetKind }),
      keys: [],
      isOurs: false,
      serviceAccounts: [],
      consumers: targetKind === undefined ? consumersOf(snapshot, namespace, target) : [],
    }),
  );
  const uses = [...ours, ...others];
  const isUsed = uses.length > 0;
  return {
    uses,
    unseen: [
      ...failuresOf(externalSecrets),
      ...(isUsed ? [...unseenConsumers(snapshot), ...failuresOf(pushSecrets)] : []),
    ],
  };
}

/** ExternalSecrets of other owners that read a secret, such as a service's own, which the catalogue allows. */
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

export function unseenConsumers({ workloads, pods }: Pick<Snapshot, "workloads" | "pods">): readonly Failure[] {
  return failuresOf(workloads, pods);
}

/** What reads a Secret, as far as it could be read: workloads, pods that none of them owns, PushSecrets. */
export function consumersOf(snapshot: Snapshot, namespace: string, secret: string): readonly Consumer[] {
  const consumers = new Map<string, Consumer>();
  const add = (name: string, reader: PodState | WorkloadState, workload?: WorkloadState): void => {
    const by = reader.secrets.filter((use) => use.secret === secret).map((use) => use.by);
    if (reader.namespace !== namespace || by.length === 0 || consumers.has(name)) return;
    consumers.set(name, { workload: name, by, afterChange: afterChange(by, secret, workload) });
  };
  for (const one of valuesOf(snapshot.workloads)) add(`${one.kind}/${one.name}`, one, one);
  for (const pod of valuesOf(snapshot.pods))
    if (pod.phase !== "Succeeded" && pod.phase !== "Failed") add(workloadOf(snapshot, pod), pod);
  const pushes = pushersOf(snapshot, namespace, secret).map(({ name }): Consumer => ({
    workload: `PushSecret/${name}`,
    by: ["push"],
    afterChange: "follows",
  }));
  return [...consumers.values(), ...pushes];
}

function pushersOf({ pushSecrets, secrets }: Snapshot, namespace: string, name: string): readonly PushSecretState[] {
  const held = named(secrets, { namespace, name });
  return valuesOf(pushSecrets).filter(({ namespace: own, secret, labels }) => {
    if (own !== namespace) return false;
    if (labels === undefined) return secret === name;
    return held !== undefined && Object.entries(labels).every(([label, value]) => held.labels[label] === value);
  });
}

/** Whether a pod sees what the Secret held when its container started, until it is restarted. */
export function isReadOnce(by: SecretUse["by"]): boolean {
  return by === "environment" || by === "sub-path";
}

/** Whether a pod that runs was started before a Secret changed. @param changedAt - ISO 8601 */
export function startedBefore({ startedAt, phase }: PodState, changedAt: string | undefined): boolean {
  if (phase !== "Running" || startedAt === undefined || changedAt === undefined) return false;
  return Date.parse(startedAt) < Date.parse(changedAt);
}

/**
 * The workload of a pod: a ReplicaSet or a scheduled Job is named after what created it, if that exists. Every other owner
 * keeps its own name; if workloads may not be read, a ReplicaSet counts as a Deployment's.
 */
export function workloadOf({ workloads }: Pick<Snapshot, "workloads">, { namespace, name, owner }: PodState): string {
  if (owner === undefined) return `Pod/${name}`;
  const above = owner.replace(/^ReplicaSet\/(.*)-[a-z0-9]+$/, "Deployment/$1").replace(/^Job\/(.*)-\d+$/, "CronJob/$1");
  const isKnown =
    !workloads.ok || workloads.value.some((one) => one.namespace === namespace && `${one.kind}/${one.name}` === above);
  return isKnown ? above : owner;
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
