import type { BootstrapCause } from "../../domain/bootstrap-config.ts";
import type { PodState, Snapshot } from "../../diagnose/snapshot.ts";
import { changed, minutesAgo, print, seen, stack, valuesOf } from "./healthy.ts";

/** A part of a snapshot, however deep. */
export type Change = (snapshot: Snapshot) => Partial<Snapshot>;

export const ghcrPull = { namespace: "ameide-dev", name: "ghcr-pull-sync" };
export const isGhcrPull = (one: { namespace: string; name: string }) =>
  one.namespace === ghcrPull.namespace && one.name === ghcrPull.name;
export const denied =
  "unable to log in with Kubernetes auth: Error making API request. Code: 403. Errors: * permission denied";

export function bootstrap(change: (before: Snapshot["bootstrap"]) => Partial<Snapshot["bootstrap"]>): Change {
  return (snapshot) => ({ bootstrap: { ...snapshot.bootstrap, ...change(snapshot.bootstrap) } });
}
export function vault(change: (before: Snapshot["vault"]) => Partial<Snapshot["vault"]>): Change {
  return (snapshot) => ({ vault: { ...snapshot.vault, ...change(snapshot.vault) } });
}
export function identity(change: (before: Snapshot["identity"]) => Partial<Snapshot["identity"]>): Change {
  return (snapshot) => ({ identity: { ...snapshot.identity, ...change(snapshot.identity) } });
}
export function all(...changes: readonly Change[]): Change {
  return (snapshot) => {
    const now = { ...snapshot };
    for (const change of changes) Object.assign(now, change(now));
    return now;
  };
}
export const cronJob = (change: object): Change =>
  bootstrap((before) => ({
    cronJob: before.cronJob.ok ? seen({ ...before.cronJob.value, ...change }) : before.cronJob,
  }));
export const lastRun = (cause: BootstrapCause, message = "as told"): Change =>
  bootstrap((before) => ({
    jobs: seen([
      { name: `${stack.bootstrap.name}-2`, createdAt: minutesAgo(2), result: "failed", reason: "BackoffLimitExceeded" },
    ]),
    status: before.status.ok ? seen({ ...before.status.value, cause, message, phase: "read" as const }) : before.status,
  }));
/** A run that wrote the secret, and what it says of an ExternalSecret that did not follow. */
export const notDelivered = (name: string, ...texts: readonly string[]): Change =>
  bootstrap(({ status }) => ({
    status: status.ok
      ? seen({
          ...status.value,
          secrets: status.value.secrets.map((one) => (one.name === name ? { ...one, notDelivered: texts } : one)),
        })
      : status,
  }));
export const storesFail =
  (message: string, which: (one: { namespace: string }) => boolean = () => true): Change =>
  (snapshot) => ({
    stores: changed(snapshot.stores, which, {
      ready: { status: "False", reason: "InvalidProviderConfig", message: "unable to create client" },
      warning: { reason: "InvalidProviderConfig", message, at: minutesAgo(1) },
    }),
  });
export const syncFails =
  (message: string): Change =>
  (snapshot) => ({
    externalSecrets: changed(snapshot.externalSecrets, isGhcrPull, {
      ready: { status: "False", reason: "SecretSyncedError", message: "could not get secret data from provider" },
      warning: { reason: "UpdateFailed", message, at: minutesAgo(1) },
    }),
  });
export const authConfig = (change: object): Change =>
  vault((before) => ({
    authConfig: before.authConfig.ok ? seen({ ...before.authConfig.value, ...change }) : before.authConfig,
  }));
export const roles = (change: object): Change =>
  vault((before) => ({ roles: changed(before.roles, ({ name }) => name.includes("reader-ameide-dev"), change) }));
export const vaultSecret = (path: string, change: object): Change =>
  vault((before) => ({ secrets: changed(before.secrets, (one) => one.path === path, change) }));
export const target =
  (change: object): Change =>
  (snapshot) => ({
    secrets: changed(snapshot.secrets, (one) => one.namespace === "ameide-dev" && one.name === "ghcr-pull", change),
  });
export const pod =
  (change: Partial<PodState>): Change =>
  () => ({
    pods: seen([
      {
        namespace: "ameide-dev",
        name: "p",
        phase: "Pending",
        createdAt: minutesAgo(1),
        imagePullSecrets: [],
        containers: [],
        secrets: [],
        ...change,
      },
    ]),
  });
export const bootstrapPod = (change: Partial<PodState>): Change =>
  pod({ owner: `Job/${stack.bootstrap.name}-2`, ...change });
export const patcher =
  (...symptoms: Extract<Snapshot["clientPatcher"], { ok: true }>["value"]["symptoms"]): Change =>
  () => ({
    clientPatcher: seen({ result: "failed" as const, symptoms }),
  });
export const keycloak = (looksLike: "placeholder" | undefined): Change =>
  vault((before) => ({
    secrets: seen([
      ...valuesOf(before.secrets),
      looksLike === undefined
        ? { path: "platform-app-client-secret", state: "absent" as const, version: 0, customMetadata: {} }
        : {
            path: "platform-app-client-secret",
            state: "live" as const,
            version: 1,
            customMetadata: {},
            fingerprint: print("k", looksLike),
          },
    ]),
  }));

/** What the auditor's policy shows: metadata, no data. */
export function unread(part: Snapshot["vault"]["secrets"]): Snapshot["vault"]["secrets"] {
  return seen(
    valuesOf(part).map(({ path, state, version, customMetadata }) => ({ path, state, version, customMetadata })),
  );
}
