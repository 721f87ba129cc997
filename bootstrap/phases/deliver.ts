import { followSyncs, forceSync } from "../../clients/external-secrets.ts";
import { KubernetesError } from "../../clients/kubernetes.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";
import { messageOf } from "../failure.ts";
import type { Run } from "../run-context.ts";
import { StatusConfigMap } from "../status.ts";
import type { Outcome } from "../decide.ts";

type Delivery = BootstrapConfig["deliveries"][number];

type Followed = { readonly at: string } | { readonly because: string };

const createdOnce = "its refreshPolicy is CreatedOnce";

/**
 * Syncs what this run wrote, and what an earlier one wrote that was killed before it reported it or could not deliver it;
 * and waits. It never fails the run: the refresh interval delivers what this could not.
 */
export async function deliver(run: Run, outcomes: readonly Outcome[]): Promise<readonly Outcome[]> {
  if (run.dryRun || run.signal.aborted || run.config.deliveries.length === 0) return outcomes;
  const isDelivered = await deliveredBefore(run);
  const isDue = ({ outcome, ...rest }: Outcome): boolean =>
    outcome === "written" || (outcome === "unchanged" && !isDelivered(rest));
  const due = new Set(outcomes.filter(isDue).map(({ secret }) => secret.path));
  const readers = run.config.deliveries.filter(({ paths }) => paths.some((path) => due.has(path)));
  if (readers.length === 0) return outcomes;
  run.log.enter("deliver");
  const followed = await syncAll(run, readers);
  return outcomes.map((outcome) => {
    if (!due.has(outcome.secret.path)) return outcome;
    const own = readers.filter(({ paths }) => paths.includes(outcome.secret.path));
    const delivery = deliveryOf(own, followed);
    report(run, outcome, delivery);
    return { ...outcome, ...delivery };
  });
}

/** By the status of the run before: whether nothing is left to do for this version in Vault. */
async function deliveredBefore(run: Run): Promise<(outcome: Pick<Outcome, "secret" | "vaultVersion">) => boolean> {
  try {
    const { secrets = [], omitted } = (await new StatusConfigMap(run).read()) ?? {};
    const before = new Map(secrets.map((one) => [one.path, one]));
    return ({ secret, vaultVersion }) => {
      const known = before.get(secret.path);
      if (known === undefined) return omitted !== undefined;
      return (
        known.vaultVersion === vaultVersion && (known.notDelivered ?? []).every((text) => text.endsWith(createdOnce))
      );
    };
  } catch {
    return () => true; // a status that may not be read says nothing, at any run
  }
}

async function syncAll(run: Run, readers: readonly Delivery[]): Promise<ReadonlyMap<Delivery, Followed>> {
  const { kubernetes, timing, signal } = run;
  const followed = new Map<Delivery, Followed>();
  const failed = (one: Delivery, error: unknown): void => {
    // its owner has not created it here; it reads the new value when it is
    if (error instanceof KubernetesError && error.status === 404) return;
    followed.set(one, { because: messageOf(error) });
  };
  const told = await forceSync(kubernetes, "externalsecrets", readers, failed);
  const waitedFor = told.flatMap(({ one, object: { spec, status } }) => {
    if (spec.refreshPolicy === "CreatedOnce") {
      followed.set(one, { because: createdOnce });
      return [];
    }
    const { syncedResourceVersion: syncedVersion, conditions = [] } = status ?? {};
    const isFailing = conditions.some((condition) => condition.type === "Ready" && condition.status === "False");
    return [{ ...one, delivery: one, isFailing, ...(syncedVersion === undefined ? {} : { syncedVersion }) }];
  });
  const follow = async (those: typeof waitedFor, limitInMs: number): Promise<void> => {
    const { left } = await followSyncs(kubernetes, those, {
      timeoutInMs: limitInMs + timing.deliveryOfEachInMs * waitedFor.length,
      signal,
      onSynced: ({ delivery }) => followed.set(delivery, { at: new Date().toISOString() }),
    });
    for (const { one, said } of left) followed.set(one.delivery, { because: said });
  };
  try {
    const those = (failing: boolean) => waitedFor.filter(({ isFailing }) => isFailing === failing);
    await Promise.all([follow(those(false), timing.deliveryInMs), follow(those(true), timing.deliveryOfFailingInMs)]);
  } catch (error) {
    for (const { delivery } of waitedFor) {
      if (!followed.has(delivery)) followed.set(delivery, { because: messageOf(error) });
    }
  }
  return followed;
}

function deliveryOf(
  readers: readonly Delivery[],
  followed: ReadonlyMap<Delivery, Followed>,
): Pick<Outcome, "deliveredAt" | "notDelivered"> {
  const times: string[] = [];
  const notDelivered: string[] = [];
  for (const reader of readers) {
    const how = followed.get(reader);
    if (how === undefined) continue;
    if ("at" in how) times.push(how.at);
    else notDelivered.push(`${reader.namespace}/${reader.name}: ${how.because}`);
  }
  const deliveredAt = times.toSorted().at(-1);
  if (notDelivered.length > 0) return { notDelivered };
  return deliveredAt === undefined ? {} : { deliveredAt };
}

function report({ log }: Run, { secret }: Outcome, { deliveredAt, notDelivered }: ReturnType<typeof deliveryOf>): void {
  if (notDelivered !== undefined) log.warn("not-delivered", { name: secret.name, notDelivered });
  else if (deliveredAt !== undefined) log.info("delivered", { name: secret.name, at: deliveredAt });
}
