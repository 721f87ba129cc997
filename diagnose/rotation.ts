import { describeFailure } from "./snapshot.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { ExternalSecretState, Snapshot } from "./snapshot.ts";
import { customMetadataKeys, managedByBootstrap } from "../domain/bootstrap-config.ts";
import { consumersOf, isReadOnce, othersReading, unseenConsumers, workloadOf, type Consumer } from "./who-uses.ts";
import { lineage, type Lineage, type LineageHop } from "./lineage.ts";
import type { Expectation } from "./explain/view.ts";

/** The steps of a new value, in order. `pods` is done when no pod runs with the previous value, or somebody must restart it. */
export const rotationSteps = ["key-vault", "vault", "external-secret", "pods"] as const;

export type RotationStep = (typeof rotationSteps)[number];

/** How far a rotation is, by one snapshot; nothing is remembered between two looks but the digest and the start. */
export interface RotationState {
  readonly step: RotationStep | "done";
  /** The places that do not hold the new value yet; of `pods` the workloads that run with the former one. */
  readonly waitingFor: readonly string[];
  /** Whether it waits for a look that was refused: `waitingFor` then holds what is missing. @default - false */
  readonly isUnseen?: true;
  /** Workloads that nobody but a person restarts. */
  readonly restarts: readonly string[];
  /** Workloads that read it from a file of a volume, which kubelet updates; whether they look again is theirs. */
  readonly follows: readonly string[];
}

/**
 * Judges by a snapshot that compared values how far the new value has come.
 *
 * @param wanted - digest of the new value **in this snapshot**, such as that of `.env`: digests of two snapshots differ.
 */
export function rotationState(snapshot: Snapshot, expected: Expectation, name: string, wanted: string): RotationState {
  const { hops } = lineage(snapshot, expected, name);
  for (const step of ["key-vault", "vault", "external-secret"] as const) {
    const behind = hops.filter(({ stage, digest }) => stage === step && digest !== wanted);
    if (behind.length === 0 || (step === "vault" && isCarried(snapshot, expected, name, wanted))) continue;
    const unread = behind.filter(({ state, digest }) => digest === undefined && state !== "absent");
    if (unread.length < behind.length) return { ...nobody, step, waitingFor: behind.map(({ place }) => place) };
    const waitingFor = unread.map(({ place, note = "its value was not read" }) => `${place}: ${note}`);
    return { ...nobody, step, waitingFor, isUnseen: true };
  }
  const { externalSecrets } = snapshot;
  if (!externalSecrets.ok) {
    const waitingFor = [describeFailure(externalSecrets.failure)];
    return { ...nobody, step: "external-secret", waitingFor, isUnseen: true };
  }
  const others = othersReading(externalSecrets.value, expected, name);
  const late = others.filter((one) => !hasSyncedSince(one, writtenAt(snapshot, expected, name)));
  if (late.length > 0) {
    const waitingFor = late.map((one) => `ExternalSecret ${one.namespace}/${one.name}, made by another`);
    return { ...nobody, step: "external-secret", waitingFor };
  }
  const targets = [
    ...expected.plan.deliveries.filter(({ keys }) => keys.some(({ secret }) => secret === name)),
    ...others.filter(({ targetKind }) => targetKind === undefined),
  ];
  if (targets.length === 0) return done;
  const unseen = unseenConsumers(snapshot).map(describeFailure);
  if (unseen.length > 0) return { ...nobody, step: "pods", waitingFor: unseen, isUnseen: true };
  const { running, ...left } = consumersBehind(snapshot, targets, writtenAt(snapshot, expected, name));
  return running.length > 0 ? { step: "pods", waitingFor: running, ...left } : { ...done, ...left };
}

function writtenAt({ vault }: Snapshot, { plan }: Expectation, name: string): string | undefined {
  const path = plan.secrets.find((one) => one.name === name)?.vaultPath;
  return vault.secrets.ok ? vault.secrets.value.find((one) => one.path === path)?.writtenAt : undefined;
}

/** How another owner's Secret uses the value is unknown; that it was refreshed is known. External Secrets has whole seconds. */
function hasSyncedSince({ ready, refreshedAt = "" }: ExternalSecretState, at: string | undefined): boolean {
  if (ready?.status !== "True") return false;
  return at === undefined || Date.parse(refreshedAt) > Math.floor(Date.parse(at) / 1000) * 1000;
}

/**
 * Whether vault-bootstrap says that what Vault holds is the very version of Key Vault that holds the value: not everybody
 * who rotates may read Vault's data, and the mark on it is metadata.
 */
function isCarried(snapshot: Snapshot, { plan }: Expectation, name: string, wanted: string): boolean {
  const secret = plan.secrets.find((one) => one.name === name);
  const { secrets } = snapshot.vault;
  if (secret === undefined || !secrets.ok || !snapshot.keyVault.ok) return false;
  const source = snapshot.keyVault.value.find((one) => one.name === secret.keyVaultName);
  const held = secrets.value.find(({ path }) => path === secret.vaultPath);
  if (held?.state !== "live" || held.fingerprint !== undefined || source?.fingerprint?.digest !== wanted) return false;
  const { managedBy, sourceVersion, vaultVersion } = customMetadataKeys;
  return (
    held.customMetadata[managedBy] === managedByBootstrap &&
    held.customMetadata[sourceVersion] === source.version &&
    held.customMetadata[vaultVersion] === String(held.version)
  );
}

const nobody = { restarts: [], follows: [] } as const;
const done: RotationState = { ...nobody, step: "done", waitingFor: [] };

/** What a rotation does to the world; each is done at most once for one value. */
export interface RotationActions {
  /** Writes the new value to the source. @returns when it is there. */
  write(): Promise<void>;
  /** Runs vault-bootstrap once and waits for its end. */
  runBootstrap(): Promise<void>;
  /** Makes External Secrets look again and waits for it. */
  resync(): Promise<void>;
  /** A snapshot that compared values, with the new value as `.env`'s of this secret. */
  look(): Promise<Snapshot>;
}

export interface RotationReport {
  readonly name: string;
  /** When each step had the new value; ISO 8601, by this machine's clock. */
  readonly reached: readonly { readonly step: RotationStep; readonly at: string }[];
  readonly restarts: readonly string[];
  readonly follows: readonly string[];
  /** Where it stopped, if it did not come through. */
  readonly stuckAt?: RotationState;
}

/** Number of looks at one step before the rotation counts as stuck; pods need time to start. */
const looksPerStep: Readonly<Record<RotationStep, number>> = {
  "key-vault": 3,
  vault: 3,
  "external-secret": 3,
  pods: 60,
};

/** What is refused stays refused, where a pod that starts is only slow. */
const looksAtUnseen = 3;

/**
 * Delivers a value through all steps: written once, then followed step by step. Resumable: a step that already has the value is
 * passed without an action, so that a run which was interrupted is just run again. Rolling back is the same with the
 * former value.
 *
 * @param options.onAct - called when a step begins, which may take minutes.
 * @param options.onStep - called when a step has the new value.
 */
export async function rotate(
  name: string,
  expected: Expectation,
  actions: RotationActions,
  options: {
    readonly signal: AbortSignal;
    /** Between two looks. @default 2000 */
    readonly pauseInMilliseconds?: number;
    readonly onAct?: (step: RotationStep) => void;
    readonly onStep?: (step: RotationStep) => void;
  },
): Promise<RotationReport> {
  const { signal, onAct, onStep, pauseInMilliseconds = 2_000 } = options;
  const reached: { step: RotationStep; at: string }[] = [];
  const act: Readonly<Record<RotationStep, () => Promise<void>>> = {
    "key-vault": () => actions.write(),
    vault: () => actions.runBootstrap(),
    "external-secret": () => actions.resync(),
    pods: () => Promise.resolve(), // consumers restart on their own, or are in the list of restarts
  };
  const acted = new Set<RotationStep>();
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted();
    const state = await stateNow(actions, expected, name);
    const passed = rotationSteps.slice(
      0,
      state.step === "done" ? rotationSteps.length : rotationSteps.indexOf(state.step),
    );
    for (const step of passed) {
      if (reached.some((one) => one.step === step)) continue;
      reached.push({ step, at: new Date().toISOString() });
      onStep?.(step);
      looks = 0;
    }
    const { restarts, follows } = state;
    if (state.step === "done") return { name, reached, restarts, follows };
    const bound = state.isUnseen === true ? looksAtUnseen : looksPerStep[state.step];
    if (looks >= bound) return { name, reached, restarts, follows, stuckAt: state };
    if (!acted.has(state.step)) {
      acted.add(state.step);
      onAct?.(state.step);
      await act[state.step]();
    } else {
      await delay(pauseInMilliseconds, undefined, { signal });
    }
  }
}

async function stateNow(actions: RotationActions, expected: Expectation, name: string): Promise<RotationState> {
  const snapshot = await actions.look();
  const wanted = wantedDigest(lineage(snapshot, expected, name));
  if (wanted === undefined) throw new Error(`the look at ${name} did not bring its new value`);
  return rotationState(snapshot, expected, name, wanted);
}

function wantedDigest({ hops }: Lineage): string | undefined {
  return hops.find(({ stage }: LineageHop) => stage === "dotenv")?.digest;
}

interface Target {
  readonly namespace: string;
  readonly target: string;
}

/** Each workload once, though it may read several Secrets that hold the value. */
function consumersBehind(
  snapshot: Snapshot,
  targets: readonly Target[],
  writtenAt: string | undefined,
): { readonly running: readonly string[]; readonly restarts: readonly string[]; readonly follows: readonly string[] } {
  const running = new Set<string>();
  const restarts = new Set<string>();
  const follows = new Set<string>();
  for (const target of targets) {
    for (const consumer of consumersOf(snapshot, target.namespace, target.target)) {
      const called = `${target.namespace} ${consumer.workload}`;
      if (consumer.afterChange === "follows") follows.add(called);
      if (!runsWithFormer(snapshot, target, consumer, writtenAt)) continue;
      if (consumer.afterChange === "restarts-itself") running.add(called);
      else if (consumer.afterChange === "restart" || consumer.afterChange === "manual") restarts.add(called);
    }
  }
  return { running: [...running], restarts: [...restarts], follows: [...follows] };
}

/**
 * A pod of the workload that reads the Secret once, at its start, and started before the Secret changed. Of a Secret that
 * another made, which is not looked at, only that it cannot be older than the value in Vault is known.
 */
function runsWithFormer(
  snapshot: Snapshot,
  { namespace, target }: Target,
  { workload }: Consumer,
  writtenAt: string | undefined,
): boolean {
  const { pods, secrets } = snapshot;
  if (!pods.ok || !secrets.ok) return false;
  const held = secrets.value.find((one) => one.namespace === namespace && one.name === target);
  const changed = held?.changedAt ?? writtenAt;
  return pods.value.some((pod) => {
    if (pod.namespace !== namespace || pod.phase !== "Running" || workloadOf(snapshot, pod) !== workload) return false;
    if (!pod.secrets.some(({ secret, by }) => secret === target && isReadOnce(by))) return false;
    if (pod.startedAt === undefined || changed === undefined) return false;
    return Date.parse(pod.startedAt) < Date.parse(changed);
  });
}
