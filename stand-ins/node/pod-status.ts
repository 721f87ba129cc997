import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus, Terminated } from "./pod.ts";

export interface Standing {
  readonly state: ContainerState;
  readonly lastTerminated?: Terminated;
  readonly restartCount: number;
}

export type Standings = ReadonlyMap<string, Standing>;

/** Why a pod ended other than by its containers, such as `DeadlineExceeded`. */
export interface PodVerdict {
  readonly reason: string;
  readonly message: string;
}

export const notStarted = (reason: string): Standing => ({ state: { waiting: { reason } }, restartCount: 0 });

export interface StatusFacts {
  readonly finished: boolean;
  readonly verdict?: PodVerdict | undefined;
  /** ISO 8601, whole seconds; so is `now`. */
  readonly startTime: string;
  readonly now: string;
  /** Conditions of the previous status: their times stay until they change. @default - none yet */
  readonly before?: readonly PodCondition[] | undefined;
}

/** @param finished - nothing of the pod will run again. */
export function podStatus(
  pod: Pod,
  standings: Standings,
  { finished, verdict, startTime, before, now }: StatusFacts,
): PodStatus & { readonly conditions: readonly PodCondition[] } & Readonly<Record<string, unknown>> {
  const init = statusesOf(pod.spec.initContainers ?? [], standings);
  const main = statusesOf(pod.spec.containers, standings);
  const phase = phaseOf(init, main, finished, verdict !== undefined);
  const initialised = init.every(({ state }) => state.terminated?.exitCode === 0);
  const ready = !finished && initialised && main.every(({ state }) => state.running !== undefined);
  const why = finished ? "PodCompleted" : "ContainersNotReady";
  return {
    phase,
    startTime,
    hostIP: "127.0.0.1",
    podIP: "127.0.0.1",
    podIPs: [{ ip: "127.0.0.1" }],
    ...verdict,
    conditions: [
      condition("Initialized", initialised, "ContainersNotInitialized", before, now),
      condition("ContainersReady", ready, why, before, now),
      condition("Ready", ready, why, before, now),
    ],
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
  };
}

function phaseOf(
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  finished: boolean,
  condemned: boolean,
): NonNullable<PodStatus["phase"]> {
  if (finished) {
    const clean = [...init, ...main].every(({ state }) => state.terminated?.exitCode === 0);
    return clean && !condemned ? "Succeeded" : "Failed";
  }
  const began = main.some(({ state, restartCount }) => state.waiting === undefined || restartCount > 0);
  return began ? "Running" : "Pending";
}

function statusesOf(containers: readonly Container[], standings: Standings): readonly ContainerStatus[] {
  return containers.map(({ name, image = "" }) => {
    const { state, lastTerminated, restartCount } = standings.get(name) ?? notStarted("PodInitializing");
    const hasRun = state.waiting === undefined;
    return {
      name,
      image,
      imageID: hasRun ? image : "",
      ready: state.running !== undefined,
      started: state.running !== undefined,
      restartCount,
      state,
      lastState: lastTerminated === undefined ? {} : { terminated: lastTerminated },
    };
  });
}

function condition(
  type: string,
  met: boolean,
  reason: string,
  before: readonly PodCondition[] | undefined,
  now: string,
): PodCondition & Readonly<Record<string, unknown>> {
  const status = met ? "True" : "False";
  const last = before?.find((one) => one.type === type);
  const lastTransitionTime = last?.status === status ? last.lastTransitionTime : now;
  return { type, status, lastTransitionTime, reason: met ? null : reason, lastProbeTime: null };
}
