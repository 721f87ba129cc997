import type { KubernetesClient } from "../clients/kubernetes.ts";
import type { VaultClient } from "../clients/vault.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import type { ServiceAccount } from "./kubernetes.ts";
import type { Log } from "./log.ts";
import type { Timing } from "./timing.ts";

export interface Run {
  readonly config: BootstrapConfig;
  readonly vault: VaultClient;
  readonly kubernetes: KubernetesClient;
  readonly account: ServiceAccount;
  readonly timing: Timing;
  readonly log: Log;
  /** Aborted when the run must stop, when its time is up, or when its Lease is lost. */
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
}

/**
 * Calls under way at once. Vault's raft puts what waits for the disk into one write: more under way are fewer of these.
 * The source's are bounded by its limit, and each of their TLS connections takes memory.
 */
export const concurrency = { vault: 64, source: 16 } as const;
