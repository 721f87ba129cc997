import { KubernetesError } from "../clients/kubernetes.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";
import { kubernetesFailure } from "./kubernetes.ts";
import { pauseFor } from "../clients/pacing.ts";
import type { Run } from "./run-context.ts";

interface LeaseObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/**
 * One run at a time, Jobs and CronJob alike: `concurrencyPolicy` sees only the CronJob's own. Times are compared by the
 * API server's clock, so that a node with a wrong clock neither steals the Lease nor keeps it.
 */
export class Lease {
  readonly #run: Run;
  readonly #name: string;
  readonly #path: string;
  readonly #holder: string;
  readonly #onLost: (failure: BootstrapFailure) => void;
  #held: LeaseObject | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  /** `holder` is unique to the run. `onLost` is called once, if another run takes the Lease over. */
  constructor(run: Run, holder: string, onLost: (failure: BootstrapFailure) => void) {
    this.#run = run;
    this.#name = run.config.lease;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${run.config.namespace}/leases`;
    this.#holder = holder;
    this.#onLost = onLost;
  }

  /** Waits for another run if the timing says so. @throws BootstrapFailure `lease-held`, naming the holder */
  async acquire(): Promise<void> {
    const { timing, log, signal } = this.#run;
    const deadline = Date.now() + timing.leaseWaitInMs;
    for (let isFirst = true; ; isFirst = false) {
      const holder = await this.#tryOnce();
      if (holder === undefined) break;
      if (Date.now() >= deadline) throw this.#heldBy(holder);
      if (isFirst) log.info("waiting-for-another-run", { holder });
      await pauseFor(Math.min(1_000, timing.leaseInMs / 4), signal);
    }
    this.#timer = setInterval(() => void (this.#renewing = this.#renew()), timing.leaseInMs / 3);
    this.#timer.unref();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    // if this fails, the Lease expires
    await this.#run.kubernetes
      .replace(`${this.#path}/${this.#name}`, { ...held, spec: { ...held.spec, holderIdentity: null } })
      .catch(() => undefined);
  }

  /** @returns who else holds it; `undefined` if this run holds it now. */
  async #tryOnce(): Promise<string | undefined> {
    try {
      let { lease, holder } = await this.#find();
      if (holder === undefined) {
        this.#held = await this.#take(lease);
        if (this.#held !== undefined) return undefined;
        // another run was quicker by a moment, or our own write was heard and its answer was lost
        ({ lease, holder } = await this.#find());
      }
      if (holder !== this.#holder) return holder ?? "another run";
      this.#held = lease;
      return undefined;
    } catch (error) {
      throw kubernetesFailure(error, `take Lease ${this.#title}`);
    }
  }

  /** A Lease without a resourceVersion if there is none yet; its holder by the API server's clock, this run included. */
  async #find(): Promise<{ lease: LeaseObject; holder: string | undefined }> {
    const { kubernetes, config } = this.#run;
    const lease = await kubernetes.find<LeaseObject>(`${this.#path}/${this.#name}`);
    if (lease === undefined) {
      return { lease: { metadata: { name: this.#name, namespace: config.namespace } }, holder: undefined };
    }
    return { lease, holder: holderAt(lease, kubernetes.serverTime) };
  }

  /** @returns `undefined` if somebody changed the Lease since it was read. */
  async #take(lease: LeaseObject): Promise<LeaseObject | undefined> {
    const { kubernetes, timing } = this.#run;
    const now = micro(kubernetes.serverTime);
    const taken = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      ...lease,
      spec: {
        ...lease.spec,
        holderIdentity: this.#holder,
        leaseDurationSeconds: Math.ceil(timing.leaseInMs / 1000),
        acquireTime: now,
        renewTime: now,
        leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1,
      },
    };
    try {
      return lease.metadata.resourceVersion === undefined
        ? await kubernetes.create<LeaseObject>(this.#path, taken)
        : await kubernetes.replace<LeaseObject>(`${this.#path}/${this.#name}`, taken);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 409) return undefined;
      throw error;
    }
  }

  async #renew(): Promise<void> {
    const { kubernetes } = this.#run;
    const path = `${this.#path}/${this.#name}`;
    try {
      const lease = await kubernetes.find<LeaseObject>(path);
      if (lease === undefined || this.#held === undefined) return;
      if (lease.spec?.holderIdentity !== this.#holder) {
        clearInterval(this.#timer);
        this.#held = undefined;
        this.#onLost(this.#heldBy(lease.spec?.holderIdentity ?? "nobody"));
        return;
      }
      const renewed = { ...lease, spec: { ...lease.spec, renewTime: micro(kubernetes.serverTime) } };
      const written = await kubernetes.replace<LeaseObject>(path, renewed);
      if (this.#held !== undefined) this.#held = written;
    } catch (error) {
      // the next turn tries again; every write of ours carries CAS, so a lost Lease costs a conflict at worst
      this.#run.log.warn("lease-not-renewed", { lease: this.#title, because: messageOf(error) });
    }
  }

  get #title(): string {
    return `${this.#run.config.namespace}/${this.#name}`;
  }

  #heldBy(holder: string): BootstrapFailure {
    return new BootstrapFailure(
      "lease-held",
      `another run holds Lease ${this.#title}: ${holder}`,
      "wait until it ends; the Lease of a killed run expires within half a minute",
    );
  }
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
