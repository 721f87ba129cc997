import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { statusWriter } from "./api-retry.ts";
import { commandInImage, commandOnThisMachine } from "./container-command.ts";
import type { ContainerLog } from "./container-log.ts";
import { startContainer, type ContainerCommand, type ContainerProcess } from "./container-process.ts";
import type { Report } from "./events.ts";
import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { notStarted, podStatus, type PodVerdict, type Standing } from "./pod-status.ts";
import { wholeSeconds, type Container, type Pod, type PodCondition, type Terminated } from "./pod.ts";
import { mountVolumes, type PodVolumes } from "./volumes.ts";

export interface PodHost {
  readonly api: KubernetesClient;
  readonly report: Report;
  /** Aborts when the node shuts down: no retries after that. */
  readonly closing: AbortSignal;
}

/** As a kubelet waits, in milliseconds. */
const firstRetry = 500;
const longestRetry = 10_000;
const firstRestart = 10_000;
const longestRestart = 300_000;
const pullBackOff = 2_000;
const defaultGraceInSeconds = 30;

export class PodRun {
  /** All processes have ended and the last status is written. Never rejects. */
  readonly ended: Promise<void>;
  readonly #host: PodHost;
  readonly #pod: Pod;
  readonly #dir: string;
  readonly #startTime = wholeSeconds();
  readonly #standings = new Map<string, Standing>();
  readonly #logs = new Map<string, ContainerLog>();
  readonly #running = new Set<ContainerProcess>();
  readonly #stop = new AbortController();
  readonly #writeStatus: ReturnType<typeof statusWriter>;
  #kill: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #verdict: PodVerdict | undefined;
  #over = false;
  #conditions: readonly PodCondition[] | undefined;

  /** @param dir - the pod's own folder. */
  constructor(host: PodHost, pod: Pod, dir: string) {
    this.#host = host;
    this.#pod = pod;
    this.#dir = dir;
    this.#writeStatus = statusWriter(host.api, pod, host.closing);
    this.ended = this.#live()
      .catch((error: unknown) => this.#giveUp(error))
      .then(() => this.#finish());
  }

  /** Of the running or the last run. */
  logOf(container: string): ContainerLog | undefined {
    return this.#logs.get(container);
  }

  /** SIGTERM now, SIGKILL after the grace; a second call can only shorten it. */
  stop(graceInSeconds: number, verdict?: PodVerdict): void {
    if (this.#over) return;
    this.#verdict ??= verdict;
    this.#stop.abort();
    for (const process of this.#running) process.signal("SIGTERM");
    clearTimeout(this.#kill);
    this.#kill = setTimeout(() => {
      for (const process of this.#running) process.signal("SIGKILL");
    }, graceInSeconds * 1000);
  }

  async #live(): Promise<void> {
    const { initContainers = [], containers, activeDeadlineSeconds } = this.#pod.spec;
    const waiting = initContainers.length === 0 ? "ContainerCreating" : "PodInitializing";
    for (const { name } of [...initContainers, ...containers]) this.#standings.set(name, notStarted(waiting));
    if (activeDeadlineSeconds !== undefined)
      this.#deadline = setTimeout(() => this.#expire(), activeDeadlineSeconds * 1000);
    void this.#publish();
    const volumes = await this.#retrying(
      () => mountVolumes(this.#host.api, this.#pod, join(this.#dir, "volumes")),
      (problem) => this.#host.report(this.#pod, "Warning", "FailedMount", `MountVolume.SetUp failed: ${problem}`),
    );
    if (volumes === undefined) return;
    try {
      for (const container of initContainers) if (!(await this.#runToEnd(container, volumes, true))) return;
      await Promise.all(containers.map((container) => this.#runToEnd(container, volumes)));
    } finally {
      await volumes.close();
    }
  }

  async #finish(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#kill);
    clearTimeout(this.#deadline);
    await this.#publish(true);
  }

  /** For errors of the machine, such as a full disk: ends what runs and fails the pod. */
  async #giveUp(error: unknown): Promise<void> {
    const verdict = { reason: "RunContainerError", message: error instanceof Error ? error.message : String(error) };
    this.stop(0, verdict);
    await Promise.all([...this.#running].map(({ ended }) => ended));
  }

  /** @returns whether the last run ended with 0. */
  async #runToEnd(container: Container, volumes: PodVolumes, init = false): Promise<boolean> {
    if (commandInImage(container) === undefined) return this.#awaitImage(container);
    const dir = join(this.#dir, "containers", container.name);
    const { api } = this.#host;
    for (let attempt = 0, wait = firstRestart; ; attempt += 1, wait = Math.min(wait * 2, longestRestart)) {
      const command = await this.#retrying(
        () => commandOnThisMachine(api, this.#pod, container, { volumes, dir }),
        (problem) => this.#setState(container, { waiting: { reason: "CreateContainerConfigError", message: problem } }),
      );
      if (command === undefined) return false;
      const ended = await this.#runOnce(container, command, dir, attempt);
      if (!this.#restarts(ended.exitCode, init)) return ended.exitCode === 0;
      const message = `back-off ${wait / 1000}s restarting failed container=${container.name}`;
      this.#setState(container, { waiting: { reason: "CrashLoopBackOff", message } }, ended);
      this.#host.report(this.#pod, "Warning", "BackOff", message);
      await this.#sleep(wait);
    }
  }

  async #runOnce(container: Container, command: ContainerCommand, dir: string, attempt: number): Promise<Terminated> {
    const process = await startContainer(dir, attempt, container, command);
    this.#logs.set(container.name, process.log);
    this.#running.add(process);
    if (this.#stop.signal.aborted) process.signal("SIGTERM"); // stopped while it was being started
    this.#setState(container, { running: { startedAt: process.startedAt } });
    this.#host.report(this.#pod, "Normal", "Started", `Started container ${container.name}`);
    const ended = await process.ended;
    this.#running.delete(process);
    this.#setState(container, { terminated: ended });
    return ended;
  }

  #restarts(exitCode: number, init: boolean): boolean {
    const { restartPolicy = "Always" } = this.#pod.spec;
    if (this.#stop.signal.aborted || restartPolicy === "Never") return false;
    return exitCode !== 0 || (restartPolicy === "Always" && !init);
  }

  /** No image can be pulled here: like under a kubelet, the pod waits until it is deleted or reaches its deadline. */
  async #awaitImage(container: Container): Promise<false> {
    const { image = "" } = container;
    const message = `Failed to pull image "${image}": this node has no container runtime and runs /nodejs/bin/node only`;
    this.#host.report(this.#pod, "Warning", "Failed", message);
    this.#setState(container, { waiting: { reason: "ErrImagePull", message } });
    await this.#sleep(pullBackOff);
    if (this.#stop.signal.aborted) return false;
    const backOff = `Back-off pulling image "${image}"`;
    this.#host.report(this.#pod, "Normal", "BackOff", backOff);
    this.#setState(container, { waiting: { reason: "ImagePullBackOff", message: `${backOff}: ${message}` } });
    if (!this.#stop.signal.aborted) await once(this.#stop.signal, "abort");
    return false;
  }

  #setState({ name }: Container, state: Standing["state"], lastTerminated?: Terminated): void {
    const before = this.#standings.get(name);
    const last = lastTerminated ?? before?.lastTerminated;
    const restarted = state.running !== undefined && last !== undefined;
    this.#standings.set(name, {
      state,
      restartCount: (before?.restartCount ?? 0) + (restarted ? 1 : 0),
      ...(last === undefined ? {} : { lastTerminated: last }),
    });
    void this.#publish();
  }

  async #publish(finished = false): Promise<void> {
    const facts = { finished, verdict: this.#verdict, startTime: this.#startTime, before: this.#conditions };
    const status = podStatus(this.#pod, this.#standings, { ...facts, now: wholeSeconds() });
    this.#conditions = status.conditions;
    await this.#writeStatus(status);
  }

  #expire(): void {
    this.stop(this.#pod.spec.terminationGracePeriodSeconds ?? defaultGraceInSeconds, {
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
  }

  /** @returns `undefined` once the pod is stopped. */
  async #retrying<T>(attempt: () => Promise<T>, failed: (problem: string) => void): Promise<T | undefined> {
    for (let wait = firstRetry; !this.#stop.signal.aborted; wait = Math.min(wait * 2, longestRetry)) {
      try {
        return await attempt();
      } catch (error) {
        // only calls to the API server fail here; retry those as for an absent object
        failed(error instanceof Error ? error.message : String(error));
        await this.#sleep(wait);
      }
    }
    return undefined;
  }

  async #sleep(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
