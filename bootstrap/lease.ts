import { KubernetesError, type KubernetesClient } from "../clients/kubernetes.ts";
import { BootstrapFailure } from "./failure.ts";
import { kubernetesFailure } from "./kubernetes.ts";
import type { Log } from "./log.ts";
import { pauseFor } from "../clients/pacing.ts";
import type { Timing } from "./timing.ts";

interface LeaseObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaseOptions {
  readonly kubernetes: KubernetesClient;
  readonly namespace: string;
  readonly name: string;
  /** One name for each run. */
  readonly holder: string;
  readonly timing: Pick<Timing, "leaseInMs" | "leaseWaitInMs">;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called once where another run has taken the Lease over, so that this one stops writing. */
  readonly onLost: (failure: BootstrapFailure) => void;
}

/**
 * One run at a time, Jobs and CronJob alike: `concurrencyPolicy` sees only the CronJob's own. Times are compared by the
 * API server's clock, so that a node with a wrong clock neither steals the Lease nor keeps it.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #path: string;
  #held: LeaseObject | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
  }

  /**
   * Takes the Lease, or one that has expired; waits for another run if the timing says so.
   *
   * @throws BootstrapFailure `lease-held`, naming the holder.
   */
  async acquire(): Promise<void> {
    const { timing, log, signal } = this.#options;
    const deadline = Date.now() + timing.leaseWaitInMs;
    for (let isFirst = true; ; isFirst = false) {
      const holder = await this.#tryOnce();
      if (holder === undefined) break;
      if (Date.now() >= deadline) throw heldBy(holder, this.#options);
      if (isFirst) log.info("waiting-for-another-run", { holder });
      await pauseFor(Math.min(1_000, timing.leaseInMs / 4), signal);
    }
    this.#timer = setInterval(() => void (this.#renewing = this.#renew()), timing.leaseInMs / 3);
    this.#timer.unref();
  }

  /** Gives the Lease back, so that the next run need not wait until it expires. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    const { kubernetes } = this.#options;
    // if this fails, the Lease expires
    await kubernetes
      .replace(`${this.#path}/${held.metadata.name}`, { ...held, spec: { ...held.spec, holderIdentity: null } })
      .catch(() => undefined);
  }

  /** @returns who else holds it; `undefined` if this run holds it now. */
  async #tryOnce(): Promise<string | undefined> {
    const { namespace, name, holder: own } = this.#options;
    try {
      let { lease, holder } = await this.#find();
      if (holder === undefined) {
        this.#held = await this.#take(lease);
        if (this.#held !== undefined) return undefined;
        // another run was quicker by a moment, or our own write was heard and its answer was lost
        ({ lease, holder } = await this.#find());
      }
      if (holder !== own) return holder ?? "another run";
      this.#held = lease;
      return undefined;
    } catch (error) {
      throw kubernetesFailure(error, `take Lease ${namespace}/${name}`);
    }
  }

  /** A Lease without a resourceVersion if there is none yet; its holder by the API server's clock, this run included. */
  async #find(): Promise<{ lease: LeaseObject; holder: string | undefined }> {
    const { kubernetes, name, namespace } = this.#options;
    const lease = await kubernetes.find<LeaseObject>(`${this.#path}/${name}`);
    if (lease === undefined) return { lease: { metadata: { name, namespace } }, holder: undefined };
    return { lease, holder: holderAt(lease, kubernetes.serverTime) };
  }

  /** @returns `undefined` if somebody changed the Lease since it was read. */
  async #take(lease: LeaseObject): Promise<LeaseObject | undefined> {
    const { kubernetes, name, holder, timing } = this.#options;
    const now = micro(kubernetes.serverTime);
    const taken = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      ...lease,
      spec: {
        ...lease.spec,
        holderIdentity: holder,
        leaseDurationSeconds: Math.ceil(timing.leaseInMs / 1000),
        acquireTime: now,
        renewTime: now,
        leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1,
      },
    };
    try {
      return lease.metadata.resourceVersion === undefined
        ? await kubernetes.create<LeaseObject>(this.#path, taken)
        : await kubernetes.replace<LeaseObject>(`${this.#path}/${name}`, taken);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 409) return undefined;
      throw error;
    }
  }

  async #renew(): Promise<void> {
    const { kubernetes, namespace, name, onLost } = this.#options;
    try {
      const lease = await kubernetes.find<LeaseObject>(`${this.#path}/${name}`);
      if (lease === undefined || this.#held === undefined) return;
      if (lease.spec?.holderIdentity !== this.#options.holder) {
        clearInterval(this.#timer);
        this.#held = undefined;
        onLost(heldBy(lease.spec?.holderIdentity ?? "nobody", { namespace, name }));
        return;
      }
      const renewed = { ...lease, spec: { ...lease.spec, renewTime: micro(kubernetes.serverTime) } };
      const written = await kubernetes.replace<LeaseObject>(`${this.#path}/${name}`, renewed);
      if (this.#held !== undefined) this.#held = written;
    } catch {
      // the next turn tries again; every write of ours carries CAS, so a lost Lease costs a conflict at worst
    }
  }
}

function heldBy(holder: string, { namespace, name }: Pick<LeaseOptions, "namespace" | "name">): BootstrapFailure {
  return new BootstrapFailure(
    "lease-held",
    `another run holds Lease ${namespace}/${name}: ${holder}`,
    "wait until it ends; the Lease of a killed run expires within half a minute",
  );
}

function holderAt({ spec }: LeaseObject, now: Date): string | undefined {
  const holder = spec?.holderIdentity ?? "";
  if (holder === "" || spec?.renewTime === undefined) return undefined;
  const end = Date.parse(spec.renewTime) + (spec.leaseDurationSeconds ?? 0) * 1000;
  return end > now.getTime() ? holder : undefined;
}

/** Kubernetes' MicroTime. */
function micro(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
