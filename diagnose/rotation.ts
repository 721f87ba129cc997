import { setTimeout as delay } from "node:timers/promises";
import { customMetadataKeys, managedByBootstrap } from "../domain/bootstrap-config.ts";
import type { PlannedDelivery, PlannedSecret } from "../domain/plan/environment.ts";
import { deliveriesOf, type Expectation } from "./explain/view.ts";
import { lineage, plannedSecret } from "./lineage.ts";
import {
  describeFailure,
  named,
  valuesOf,
  type ExternalSecretState,
  type Snapshot,
  type VaultSecretState,
} from "./snapshot.ts";
import {
  consumersOf,
  isReadOnce,
  othersReading,
  startedBefore,
  unseenConsumers,
  workloadOf,
  type Consumer,
} from "./who-uses.ts";
import { expiryAfter, lifetimeInDays } from "../domain/catalogue/catalogue.ts";
import { defined } from "./observe/observed.ts";

/** The steps of a new value, in order. `pods` is done when no pod runs with the previous value, or somebody must restart it. */
export const rotationSteps = ["key-vault", "vault", "external-secret", "pods"] as const;

export type RotationStep = (typeof rotationSteps)[number];

export interface RotationState {
  readonly step: RotationStep | "done";
  /** The places that do not hold the new value yet; of `pods` the workloads that run with the former one. */
  readonly waitingFor: readonly string[];
  /** Whether it waits for a part that may not be read: `waitingFor` then says what is missing. @default - false */
  readonly isUnseen?: true;
  /** Workloads that only a person restarts. */
  readonly restarts: readonly string[];
  /** Workloads that read it from a file of a volume, which kubelet updates; whether they look again is theirs. */
  readonly follows: readonly string[];
}

/** @param snapshot - one that compared values. @throws UserError if the environment has no such secret */
export function rotationState(snapshot: Snapshot, expected: Expectation, name: string): RotationState {
  const { hops } = lineage(snapshot, expected, name);
  const wanted = hops.find(({ stage }) => stage === "dotenv")?.digest;
  if (wanted === undefined) throw new Error(`the snapshot does not contain the new value of ${name}`);
  const secret = plannedSecret(expected, name);
  const inVault = valuesOf(snapshot.vault.secrets).find(({ path }) => path === secret.vaultPath);
  for (const step of ["key-vault", "vault", "external-secret"] as const) {
    const behind = hops.filter(({ stage, digest }) => stage === step && digest !== wanted);
    if (behind.length === 0 || (step === "vault" && isCarried(snapshot, secret, inVault, wanted))) continue;
    const unread = behind.filter(({ state, digest }) => digest === undefined && state !== "absent");
    if (unread.length < behind.length) return waiting(step, behind.map(({ place }) => place)); // prettier-ignore
    return unseen(step, unread.map(({ place, note = "its value was not read" }) => `${place}: ${note}`)); // prettier-ignore
  }
  const { externalSecrets } = snapshot;
  if (!externalSecrets.ok) return unseen("external-secret", [describeFailure(externalSecrets.failure)]);
  const others = othersReading(externalSecrets.value, expected, name);
  const late = others.filter((one) => !hasSyncedSince(one, inVault?.writtenAt));
  if (late.length > 0) {
    const names = late.map((one) => `ExternalSecret ${one.namespace}/${one.name}, created by another owner`);
    return waiting("external-secret", names);
  }
  const targets = [...deliveriesOf(expected, name), ...others.filter(({ targetKind }) => targetKind === undefined)];
  const failures = unseenConsumers(snapshot).map(describeFailure);
  if (targets.length > 0 && failures.length > 0) return unseen("pods", failures);
  const { running, ...left } = consumersBehind(snapshot, targets, inVault?.writtenAt);
  return { ...waiting(running.length > 0 ? "pods" : "done", running), ...left };
}

function waiting(step: RotationState["step"], waitingFor: readonly string[]): RotationState {
  return { step, waitingFor, restarts: [], follows: [] };
}

function unseen(step: RotationStep, waitingFor: readonly string[]): RotationState {
  return { ...waiting(step, waitingFor), isUnseen: true };
}

/** How another owner's Secret uses the value is unknown; that it was refreshed is known. External Secrets has whole seconds. */
function hasSyncedSince({ ready, refreshedAt = "" }: ExternalSecretState, at: string | undefined): boolean {
  if (ready?.status !== "True") return false;
  return at === undefined || Date.parse(refreshedAt) > Math.floor(Date.parse(at) / 1000) * 1000;
}

/** Whether vault-bootstrap marked Vault's value as Key Vault's version: not everybody who rotates may read the data. */
function isCarried(
  { keyVault }: Snapshot,
  { keyVaultName }: PlannedSecret,
  inVault: VaultSecretState | undefined,
  wanted: string,
): boolean {
  const source = valuesOf(keyVault).find(({ name }) => name === keyVaultName);
  if (inVault?.state !== "live" || inVault.fingerprint !== undefined) return false;
  const { managedBy, sourceVersion, vaultVersion } = customMetadataKeys;
  return (
    source?.fingerprint?.digest === wanted &&
    inVault.customMetadata[managedBy] === managedByBootstrap &&
    inVault.customMetadata[sourceVersion] === source.version &&
    inVault.customMetadata[vaultVersion] === String(inVault.version)
  );
}

/** What gives each step the new value; each is done at most once for one value. Pods restart on their own, or are listed. */
export interface RotationActions extends Readonly<Record<Exclude<RotationStep, "pods">, () => Promise<void>>> {
  /** A snapshot that compared values, with the new value as `.env`'s of this secret. */
  look(): Promise<Snapshot>;
}

export interface RotationReport extends Pick<RotationState, "restarts" | "follows"> {
  readonly name: string;
  /** When each step had the new value; ISO 8601, by this machine's clock. */
  readonly reached: readonly { readonly step: RotationStep; readonly at: string }[];
  readonly stuckAt?: RotationState;
}

/** Number of looks at one step before the rotation counts as stuck. */
const mostLooks = 3;
/** Pods need time to start. */
const mostLooksAtPods = 60;

/**
 * Passes a step that already has the value without an action: an interrupted run can be run again, and a rollback is a
 * rotation to the former value. `onAct` is called when a step begins, `onStep` when it has the new value.
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
  const acted = new Set<RotationStep>();
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted();
    const state = rotationState(await actions.look(), expected, name);
    const passed = state.step === "done" ? rotationSteps : rotationSteps.slice(0, rotationSteps.indexOf(state.step));
    for (const step of passed) {
      if (reached.some((one) => one.step === step)) continue;
      reached.push({ step, at: new Date().toISOString() });
      onStep?.(step);
      looks = 0;
    }
    const { restarts, follows } = state;
    if (state.step === "done") return { name, reached, restarts, follows };
    const isSlow = state.step === "pods" && state.isUnseen !== true; // what is refused stays refused
    if (looks >= (isSlow ? mostLooksAtPods : mostLooks)) return { name, reached, restarts, follows, stuckAt: state };
    if (!acted.has(state.step)) {
      acted.add(state.step);
      onAct?.(state.step);
      if (state.step !== "pods") await actions[state.step]();
    } else {
      await delay(pauseInMilliseconds, undefined, { signal });
    }
  }
}

type Target = Pick<PlannedDelivery, "namespace" | "target">;

/** Each workload once, though it may read several Secrets that hold the value. */
function consumersBehind(
  snapshot: Snapshot,
  targets: readonly Target[],
  writtenAt: string | undefined,
): Readonly<Record<"running" | "restarts" | "follows", readonly string[]>> {
  const consumers = targets.flatMap((target) =>
    consumersOf(snapshot, target.namespace, target.target).map(({ workload, afterChange }) => ({
      name: `${target.namespace} ${workload}`,
      afterChange,
      isBehind: runsWithFormer(snapshot, target, workload, writtenAt),
    })),
  );
  const namesOf = (...ways: readonly Consumer["afterChange"][]): readonly string[] => {
    const found = consumers.filter((one) => ways.includes(one.afterChange) && (one.isBehind || ways[0] === "follows"));
    return [...new Set(found.map(({ name }) => name))];
  };
  return { running: namesOf("restarts-itself"), restarts: namesOf("restart", "manual"), follows: namesOf("follows") };
}

/** Whether a pod reads the Secret only at its start, and started before it changed, or before Vault's value did. */
function runsWithFormer(
  snapshot: Snapshot,
  { namespace, target }: Target,
  workload: string,
  writtenAt: string | undefined,
): boolean {
  const { pods, secrets } = snapshot;
  const changedAt = named(secrets, { namespace, name: target })?.changedAt ?? writtenAt;
  return valuesOf(pods).some(
    (pod) =>
      secrets.ok &&
      pod.namespace === namespace &&
      workloadOf(snapshot, pod) === workload &&
      pod.secrets.some(({ secret, by }) => secret === target && isReadOnce(by)) &&
      startedBefore(pod, changedAt),
  );
}

export interface RotationAge {
  readonly name: string;
  readonly ageInDays: number;
  /** @default - the catalogue gives it no age */
  readonly rotateEveryInDays?: number;
  /** ISO 8601: the expiry in Key Vault, or the end of `rotateEvery` where it has none. @default - neither */
  readonly expiresAt?: string;
  readonly due: boolean;
  readonly owner?: string;
}

/** The age of every value that Key Vault holds for us: those that expire first, soonest first; then the others, oldest first. */
export function rotationAges(snapshot: Snapshot, { plan, catalogue }: Expectation): readonly RotationAge[] {
  // a new tag or date makes no new value
  const states = new Map(valuesOf(snapshot.keyVault).map((state) => [state.name, state]));
  const now = Date.parse(snapshot.takenAt);
  return plan.secrets
    .flatMap(({ name, keyVaultName = "" }): RotationAge[] => {
      const entry = catalogue.secrets[name];
      const { createdAt, updatedAt, expiresAt: expiry } = states.get(keyVaultName) ?? {};
      const at = createdAt ?? updatedAt;
      if (entry?.authority !== "external" || at === undefined) return [];
      const ageInDays = Math.floor((now - Date.parse(at)) / 86_400_000);
      const every = lifetimeInDays(entry);
      const expiresAt = expiry ?? expiryAfter(every, new Date(at))?.toISOString();
      const due = expiresAt !== undefined && Date.parse(expiresAt) <= now;
      return [{ name, ageInDays, due, ...defined({ rotateEveryInDays: every, expiresAt, owner: entry.owner }) }];
    })
    .toSorted((a, b) => expiryOf(a) - expiryOf(b) || b.ageInDays - a.ageInDays);
}

/** The same for all that do not expire. */
function expiryOf({ expiresAt }: RotationAge): number {
  return expiresAt === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(expiresAt);
}
