import { setTimeout as delay } from "node:timers/promises";
import { followSyncs, forceSync } from "../clients/external-secrets.ts";
import type { Cluster, Named } from "../clients/kubernetes.ts";
import {
  describeFailure,
  failuresOf,
  valuesOf,
  type ExternalSecretState,
  type Failure,
  type Observed,
  type StoreState,
} from "./snapshot.ts";
import { UserError } from "../domain/user-error.ts";
import type { KubernetesReader } from "./observe/access.ts";
import { observeExternalSecrets, observeStores, observeWarnings } from "./observe/deliveries.ts";
import { observed, together } from "./observe/observed.ts";
import { nearest } from "../domain/nearest.ts";

export interface KubernetesWriter extends KubernetesReader, Pick<Cluster, "metadata" | "watch"> {
  patch(path: string, change: object): Promise<object>;
}

export interface ResyncOptions {
  readonly namespaces: readonly string[];
  /** Names of ExternalSecrets. @default - every one of the namespaces */
  readonly names?: readonly string[];
  /** For the stores, and again for the ExternalSecrets. @default 60 */
  readonly timeoutInSeconds?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ResyncProgress) => void;
}

export interface ResyncProgress {
  readonly kind: "stores" | "external-secrets";
  readonly done: number;
  readonly total: number;
}

export interface ResyncResult {
  /** `namespace/name` of each store that is Ready, and of each ExternalSecret that has synced after this call. */
  readonly ready: readonly string[];
  readonly counts: Readonly<Record<ResyncProgress["kind"], { readonly done: number; readonly total: number }>>;
  /** Those that are not, with what External Secrets says. */
  readonly notReady: readonly { readonly object: string; readonly message: string }[];
  /** Targets with a changed Secret, as far as they could be read. */
  readonly changed: readonly string[];
  /** Why not every change is reported: what could not be read. */
  readonly unseen: readonly Failure[];
}

const pauseInMilliseconds = 300;

/**
 * Makes External Secrets look again, and waits until each object has synced **after** this call. Stores come first: an
 * ExternalSecret of a failing store is not even tried.
 *
 * @throws UserError for a name that does not exist, or if a list is refused; the cluster's error if it refuses the change.
 */
export async function resync(kubernetes: KubernetesWriter, options: ResyncOptions): Promise<ResyncResult> {
  const { namespaces, names, timeoutInSeconds = 60, signal } = options;
  const [allStores, allExternalSecrets] = await Promise.all([
    everywhere(namespaces, (namespace) => observeStores(kubernetes, namespace)),
    everywhere(namespaces, (namespace) => observeExternalSecrets(kubernetes, namespace)),
  ]);
  const known = allExternalSecrets.map(({ name }) => name);
  refuseUnknown("ExternalSecret", names ?? [], known, namespaces.join(", "));
  const wanted = allExternalSecrets.filter(({ name }) => names?.includes(name) ?? true);
  const storesWanted = allStores.filter(({ namespace, name }) =>
    wanted.some((one) => one.namespace === namespace && one.storeName === name),
  );
  const before = await targetVersions(kubernetes, wanted);

  await forceSync(kubernetes, "secretstores", storesWanted);
  const stores = await untilReady(kubernetes, options, storesWanted);

  const stop = new AbortController();
  const following = followSyncs(kubernetes, wanted, {
    timeoutInMs: timeoutInSeconds * 1000,
    signal: AbortSignal.any([signal, stop.signal]),
    onSynced: (_one, done) => options.onProgress?.({ kind: "external-secrets", done, total: wanted.length }),
  });
  const touching = forceSync(kubernetes, "externalsecrets", wanted).catch((error: unknown) => {
    stop.abort(error); // nothing waits for what was not requested
    throw error;
  });
  const [, synced] = await Promise.all([touching, following]);

  const left = [...stores.left, ...synced.left.map(({ one }) => one)];
  const now = await targetVersions(kubernetes, wanted);
  return {
    ready: [...stores.done, ...synced.done].map(keyOf),
    counts: {
      stores: { done: stores.done.length, total: storesWanted.length },
      "external-secrets": { done: synced.done.length, total: wanted.length },
    },
    notReady: await reasonsOf(kubernetes, left),
    changed: [...now.versions]
      .filter(([target, version]) => before.versions.has(target) && before.versions.get(target) !== version)
      .map(([target]) => target),
    unseen: now.unseen.length > 0 ? now.unseen : before.unseen,
  };
}

/** @throws UserError where a namespace cannot be read, with the right that is missing or the server's words. */
async function everywhere<T>(
  namespaces: readonly string[],
  read: (namespace: string) => Promise<Observed<readonly T[]>>,
): Promise<readonly T[]> {
  const all = together(await Promise.all([...new Set(namespaces)].map(read)));
  if (all.ok) return all.value;
  throw UserError.of(
    "cluster-not-readable",
    `could not ${all.failure.asked}: ${all.failure.message}`,
    "ask for that right, or see what else is broken: ameide-secrets doctor --stack <stack>",
  );
}

async function untilReady(
  kubernetes: KubernetesReader,
  { timeoutInSeconds = 60, signal, onProgress }: ResyncOptions,
  wanted: readonly StoreState[],
): Promise<{ readonly done: readonly StoreState[]; readonly left: readonly StoreState[] }> {
  const namespaces = wanted.map(({ namespace }) => namespace);
  const deadline = performance.now() + timeoutInSeconds * 1000;
  for (let reported = -1; ;) {
    signal.throwIfAborted();
    const now = await everywhere(namespaces, (namespace) => observeStores(kubernetes, namespace));
    const ready = new Set(now.filter(isReady).map(keyOf));
    const done = wanted.filter((one) => ready.has(keyOf(one)));
    if (done.length !== reported) onProgress?.({ kind: "stores", done: done.length, total: wanted.length });
    reported = done.length;
    if (done.length === wanted.length || performance.now() > deadline)
      return { done, left: wanted.filter((one) => !ready.has(keyOf(one))) };
    await delay(pauseInMilliseconds, undefined, { signal });
  }
}

/** Versions of the targets by `namespace/name`, where Secrets may be listed; why the others are left out. */
async function targetVersions(
  kubernetes: KubernetesWriter,
  wanted: readonly ExternalSecretState[],
): Promise<{ readonly versions: ReadonlyMap<string, unknown>; readonly unseen: readonly Failure[] }> {
  const { secrets = [], others = [] } = Object.groupBy(wanted, (one) => (one.targetKind ? "others" : "secrets"));
  const parts = await Promise.all(
    [...Map.groupBy(secrets, ({ namespace }) => namespace)].map(([namespace, those]) =>
      observed(`list secrets in ${namespace}`, async () => {
        const listed = await kubernetes.metadata(`/api/v1/namespaces/${namespace}/secrets`);
        const versions = new Map(listed.map(({ name, resourceVersion }) => [name, resourceVersion]));
        return those.map(({ target }) => [`${namespace}/${target}`, versions.get(target)] as const);
      }),
    ),
  );
  const uncompared = others.map(({ namespace, name, target, targetKind }): Failure => {
    const message = `ExternalSecret ${namespace}/${name} writes a ${targetKind} and not a Secret (target.manifest)`;
    return { kind: "not-asked", asked: `compare ${targetKind} ${namespace}/${target}`, message };
  });
  return { versions: new Map(parts.flatMap(valuesOf)), unseen: [...failuresOf(...parts), ...uncompared] };
}

function isReady({ ready }: StoreState | ExternalSecretState): boolean {
  return ready?.status === "True";
}

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

/** What External Secrets says of those that are left: the cause is in the Event, not in the condition. */
async function reasonsOf(kubernetes: KubernetesReader, left: readonly Named[]): Promise<ResyncResult["notReady"]> {
  const byNamespace = Map.groupBy(left, ({ namespace }) => namespace);
  const parts = await Promise.all(
    [...byNamespace].map(async ([namespace, those]) => {
      const events = await observeWarnings(kubernetes, namespace);
      const warnings = events.ok ? events.value : undefined;
      const found: readonly (StoreState | ExternalSecretState)[] = [
        ...(await everywhere([namespace], () => observeExternalSecrets(kubernetes, namespace, warnings))),
        ...(await everywhere([namespace], () => observeStores(kubernetes, namespace, warnings))),
      ];
      const blind = events.ok ? "" : `; its cause ${describeFailure(events.failure)}`;
      return those.map((one) => {
        const state = found.find(({ name }) => name === one.name);
        const message =
          state !== undefined && isReady(state)
            ? "Ready, but not synced again in time"
            : (state?.warning?.message ?? `${state?.ready?.message ?? "no condition yet"}${blind}`);
        return { object: keyOf(one), message };
      });
    }),
  );
  return parts.flat();
}

/**
 * A resync of nothing would look successful. `where`: such as `dev`. @throws UserError for all unknown names together
 */
export function refuseUnknown(
  kind: "namespace" | "ExternalSecret",
  given: readonly string[],
  known: readonly string[],
  where: string,
): void {
  const names = [...new Set(known)].toSorted();
  const unknown = given.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  const close = unknown.map((name) => nearest(name, names)).filter((name) => name !== undefined);
  throw UserError.of(
    kind === "namespace" ? "resync-namespace-unknown" : "resync-name-unknown",
    `${where} has no ${kind} ${unknown.join(", ")}`,
    close.length > 0 ? `did you mean ${[...new Set(close)].join(", ")}?` : `give one of: ${names.join(", ") || "none"}`,
  );
}
