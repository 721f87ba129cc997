import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { podPath, type Pod } from "./pod.ts";
import { untilAnswered } from "./api-retry.ts";

/**
 * Writes a pod's status, one write at a time, the latest text winning. It outlasts an API server that is away, and
 * gives up when the pod is gone or another one has its name (409 on the uid).
 */
export class StatusWriter {
  readonly #api: KubernetesClient;
  readonly #pod: Pod;
  readonly #stop: AbortSignal;
  #next: object | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(api: KubernetesClient, pod: Pod, stop: AbortSignal) {
    this.#api = api;
    this.#pod = pod;
    this.#stop = stop;
  }

  /** Asks for a write. @returns when this status, or a later one, has been written or given up. */
  async write(status: object): Promise<void> {
    const idle = this.#next === undefined;
    this.#next = status;
    if (idle) this.#writing = this.#flush(this.#writing);
    await this.#writing;
  }

  async #flush(before: Promise<void>): Promise<void> {
    await before;
    while (this.#next !== undefined) {
      let written: object | undefined;
      const call = (): Promise<unknown> => {
        written = this.#next; // taken at each try: a status that grew old while the API server was away is never written
        return this.#api.patch(
          `${podPath(this.#pod)}/status`,
          { metadata: { uid: this.#pod.metadata.uid }, status: written },
          "application/strategic-merge-patch+json",
        );
      };
      await untilAnswered(call, this.#stop);
      if (this.#next === written) this.#next = undefined;
    }
  }
}
