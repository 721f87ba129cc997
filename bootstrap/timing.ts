import type { Backoff } from "../clients/pacing.ts";

/** How long a run waits for what; all bounds of time in one place, so that tests can shorten them. */
export interface Timing extends Backoff {
  /** For Vault to answer at all, and to become active once it is unsealed. */
  readonly vaultWaitInMs: number;
  /** For a Vault that was just opened to become the active one, before a standby is taken for one that serves. */
  readonly electionInMs: number;
  readonly vaultPollInMs: number;
  /** For new role assignments and federated credentials to take effect, counted from the run's start. */
  readonly propagationInMs: number;
  readonly propagationPollInMs: number;
  /** Life of the Lease without renewal: how long a killed run keeps the next one out. */
  readonly leaseInMs: number;
  /** For another run to end, where this one waits for it. */
  readonly leaseWaitInMs: number;
  /** For External Secrets to sync what was written: for all of it, and in addition for each ExternalSecret. */
  readonly deliveryInMs: number;
  /** The same for ExternalSecrets that failed before: most lack something else than what was written. */
  readonly deliveryOfFailingInMs: number;
  readonly deliveryOfEachInMs: number;
}

/** For a scheduled run: what does not pass within a minute is left to the next run. */
export const scheduledTiming: Timing = {
  vaultWaitInMs: 60_000,
  electionInMs: 10_000,
  vaultPollInMs: 200,
  retryBaseInMs: 250,
  retryCapInMs: 10_000,
  retryAttempts: 6,
  propagationInMs: 0,
  propagationPollInMs: 0,
  leaseInMs: 30_000,
  leaseWaitInMs: 0,
  deliveryInMs: 20_000,
  deliveryOfFailingInMs: 5_000,
  deliveryOfEachInMs: 100,
};

/** For a run that an update waits for: Azure documents up to 10 minutes for a role assignment. */
export const waitingTiming: Timing = {
  ...scheduledTiming,
  vaultWaitInMs: 300_000,
  propagationInMs: 900_000,
  propagationPollInMs: 5_000,
  leaseWaitInMs: 300_000,
};

/** The most that a run may take which waits: below the `activeDeadlineSeconds` of its Job, which would not say why. */
export const longestWaitingRunInMs = 1_140_000;
