import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { killLeftover } from "./container-process.ts";
import { followPods, statusWriter, untilAnswered } from "./api-retry.ts";
import { PodRun, type PodHost } from "./pod-run.ts";
import { hasEnded, podPath, type ContainerStatus, type Pod } from "./pod.ts";

const graceAtCloseInSeconds = 5;
/** A kubelet's grace period for processes of a Pod that was deleted by force. */
const graceWhenGoneInSeconds = 2;

/** All pods of this node. It binds pods without a node (there is no scheduler), runs them and cleans up after them. */
export class Pods {
  readonly #host: PodHost;
  readonly #nodeName: string;
  readonly #dir: string;
  readonly #runs = new Map<string, PodRun>();
  /** Pods on this node or without a node. */
  readonly #seen = new Map<string, Pod>();
  /** Pods with a step in progress (binding, failing a leftover, deletion); one step at a time for each. */
  readonly #busy = new Set<string>();
  /** Pods that are deleted in the API but still have processes; each then removes its own folder. */
  readonly #leaving = new Set<string>();

  /** @param dir - gets one folder for each pod, named by its uid. */
  constructor(host: PodHost, nodeName: string, dir: string) {
    this.#host = host;
    this.#nodeName = nodeName;
    this.#dir = dir;
  }

  /** Resolves when the host closes. */
  async follow(): Promise<void> {
    await followPods(this.#host.api, this.#host.closing, {
      listed: (pods) => this.#listed(pods),
      changed: (pod) => this.#changed(pod),
      deleted: (pod) => this.#gone(pod.metadata.uid),
    });
  }

  /** With its folder and, unless it is from an earlier run of the node, its run. */
  find(namespace: string, name: string) {
    const pod = [...this.#seen.values()].find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
    );
    if (pod?.spec.nodeName === undefined) return undefined;
    return { pod, dir: join(this.#dir, pod.metadata.uid), run: this.#runs.get(pod.metadata.uid) };
  }

  /** Reports the pods as ended by the shutdown of the node. */
  async stopAll(): Promise<void> {
    for (const run of this.#runs.values()) {
      run.stop(graceAtCloseInSeconds, { reason: "NodeShutdown", message: "the local environment was stopped" });
    }
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
  }

  #listed(pods: readonly Pod[]): void {
    const present = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const uid of this.#seen.keys()) if (!present.has(uid)) this.#gone(uid);
    void this.#removeFoldersBut(new Set([...present, ...this.#leaving]));
    for (const pod of pods) this.#changed(pod);
  }

  #changed(pod: Pod): void {
    const { nodeName = this.#nodeName } = pod.spec;
    if (nodeName !== this.#nodeName) return;
    this.#seen.set(pod.metadata.uid, pod);
    this.#next(pod);
  }

  #next(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (this.#host.closing.aborted || this.#busy.has(uid)) return;
    if (deletionTimestamp !== undefined) return this.#step(pod, () => this.#remove(pod));
    if (hasEnded(pod) || this.#runs.has(uid)) return;
    if (pod.spec.nodeName !== undefined) {
      if (hasBegun(pod)) this.#step(pod, () => this.#failLeftover(pod));
      else this.#runs.set(uid, new PodRun(this.#host, pod, join(this.#dir, uid)));
    } else if ((pod.spec.schedulingGates ?? []).length === 0) {
      this.#step(pod, () => this.#bind(pod));
    }
  }

  /** Runs one step of a pod, then looks at what changed meanwhile. */
  #step(pod: Pod, step: () => Promise<void>): void {
    const { uid } = pod.metadata;
    this.#busy.add(uid);
    const taken = async (): Promise<void> => {
      await step().catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#host.report(pod, "Warning", "FailedSync", `error syncing pod, skipping: ${why}`);
      });
      this.#busy.delete(uid);
      const latest = this.#seen.get(uid);
      if (latest !== undefined && latest !== pod) this.#next(latest);
    };
    void taken();
  }

  async #bind(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    await untilAnswered(
      () =>
        this.#host.api.create(`${podPath(pod)}/binding`, {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name, namespace, uid },
          target: { apiVersion: "v1", kind: "Node", name: this.#nodeName },
        }),
      this.#host.closing,
    );
  }

  /** Nothing watches the processes of an earlier run of this node, so they are ended and the pod has failed. */
  async #failLeftover(pod: Pod): Promise<void> {
    const dir = join(this.#dir, pod.metadata.uid, "containers");
    for (const { name } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers])
      await killLeftover(join(dir, name));
    await statusWriter(this.#host.api, pod, this.#host.closing)(leftoverStatus(pod));
  }

  async #remove(pod: Pod): Promise<void> {
    const { uid, name, deletionGracePeriodSeconds = 30 } = pod.metadata;
    const run = this.#runs.get(uid);
    if (run === undefined && !hasEnded(pod) && hasBegun(pod)) await this.#failLeftover(pod);
    if (run !== undefined && !hasEnded(pod)) {
      this.#host.report(pod, "Normal", "Killing", `Stopping the containers of ${name}`);
    }
    run?.stop(deletionGracePeriodSeconds);
    await run?.ended;
    await untilAnswered(
      () => this.#host.api.remove(podPath(pod), { gracePeriodSeconds: 0, preconditions: { uid } }),
      this.#host.closing,
    );
  }

  #gone(uid: string): void {
    this.#seen.delete(uid);
    const run = this.#runs.get(uid);
    this.#runs.delete(uid);
    this.#leaving.add(uid);
    const clean = async (): Promise<void> => {
      run?.stop(graceWhenGoneInSeconds);
      await run?.ended;
      await this.#removeFolder(uid);
      this.#leaving.delete(uid);
    };
    void clean();
  }

  async #removeFoldersBut(kept: ReadonlySet<string>): Promise<void> {
    const folders = await readdir(this.#dir).catch((): string[] => []);
    for (const uid of folders) if (!kept.has(uid)) await this.#removeFolder(uid);
  }

  /** Never rejects: nobody awaits it, and the Azure stand-in runs in the same process. The next listing tries again. */
  async #removeFolder(uid: string): Promise<void> {
    const folder = join(this.#dir, uid);
    try {
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      process.stderr.write(
        `node stand-in: cannot remove ${folder}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    }
  }
}

function hasBegun({ status }: Pod): boolean {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return statuses.some(({ state, restartCount }) => state.waiting === undefined || restartCount > 0);
}

function leftoverStatus({ status }: Pod): object {
  const ended = (container: ContainerStatus): object => {
    if (container.state.terminated !== undefined) return container;
    const terminated = {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      message: "the container could not be located when the node came back",
      startedAt: container.state.running?.startedAt ?? null,
      finishedAt: null,
    };
    return { ...container, state: { terminated } };
  };
  return {
    phase: "Failed",
    reason: "NodeRestarted",
    message: "the local environment was restarted while the pod ran",
    ...(status.initContainerStatuses && { initContainerStatuses: status.initContainerStatuses.map(ended) }),
    containerStatuses: (status.containerStatuses ?? []).map(ended),
  };
}
