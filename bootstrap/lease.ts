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

interface FoundLease {
  /** Without a resourceVersion where there is none yet. */
  readonly lease: LeaseObject;
  /** Who holds it, this run included. */
  readonly holder: string | undefined;
  /** By the API server's clock. */
  readonly now: Date;
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
   * Takes the Lease, or takes over one that has run out; waits for another run where the timing says so.
   *
   * @throws BootstrapFailure `lease-held`, naming the holder.
   */
  async acquire(): Promise<void> {
    const { timing, log, signal } = this.#options;
    const deadline = Date.now() + timing.leaseWaitInMs;
    for (let told = false; ; told = true) {
      const holder = await this.#tryOnce();
      if (holder === undefined) break;
      if (Date.now() >= deadline) throw heldBy(holder, this.#options);
      if (!told) log.info("waiting-for-another-run", { holder });
      await pauseFor(Math.min(1_000, timing.leaseInMs / 4), signal);
    }
    const renew = (): void => {
      this.#renewing = this.#renew();
    };
    this.#timer = setInterval(renew, timing.leaseInMs / 3);
    this.#timer.unref();
  }

  /** Gives the Lease back, so that the next run need not wait until it runs out. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    const { kubernetes } = this.#options;
    // if this fails, the Lease expires
    await kubernetes.replace(`${this.#path}/${held.metadata.name}`, withHolder(held, null)).catch(() => undefined);
  }

  /** @returns who else holds it; `undefined` where it is ours now. */
  async #tryOnce(): Promise<string | undefined> {
    const { namespace, name } = this.#options;
    try {
      const found = await this.#look();
      if (found.holder !== undefined) return this.#holderOrOurs(found);
      try {
        this.#held = await this.#take(found);
        return undefined;
      } catch (error) {
        if (!(error instanceof KubernetesError) || error.status !== 409) throw error;
        // another run was quicker by a moment, or our own write was heard and its answer was lost
        return this.#holderOrOurs(await this.#look());
      }
    } catch (error) {
      throw kubernetesFailure(error, `take Lease ${namespace}/${name}`);
    }
  }

  async #look(): Promise<FoundLease> {
    const { kubernetes, name, namespace } = this.#options;
    const lease = await kubernetes.find<LeaseObject>(`${this.#path}/${name}`);
    if (lease === undefined)
      return { lease: { metadata: { name, namespace } }, holder: undefined, now: kubernetes.serverTime };
    const now = kubernetes.serverTime;
    return { lease, holder: holderAt(lease, now), now };
  }

  /** @returns its holder; `undefined` if this run now holds the Lease. */
  #holderOrOurs({ lease, holder }: FoundLease): string | undefined {
    if (holder !== this.#options.holder) return holder ?? "another run";
    this.#held = lease;
    return undefined;
  }

  async #take({ lease, now }: FoundLease): Promise<LeaseObject> {
    const { kubernetes, name } = this.#options;
    const taken = this.#taken(lease, now, now);
    return lease.metadata.resourceVersion === undefined
      ? await kubernetes.create(this.#path, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...taken })
      : await kubernetes.replace(`${this.#path}/${name}`, taken);
  }

  #taken(lease: LeaseObject, acquired: Date, renewed: Date): LeaseObject {
    return {
      ...lease,
      spec: {
        ...lease.spec,
        holderIdentity: this.#options.holder,
        leaseDurationSeconds: Math.ceil(this.#options.timing.leaseInMs / 1000),
        acquireTime: micro(acquired),
        renewTime: micro(renewed),
        leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1,
      },
    };
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

function withHolder(lease: LeaseObject, holderIdentity: string | null): LeaseObject {
  return { ...lease, spec: { ...lease.spec, holderIdentity } };
}

/** Kubernetes' MicroTime. */
function micro(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
