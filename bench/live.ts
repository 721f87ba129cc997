import { openPlace } from "../cli/operate/place.ts";
import { explain } from "../diagnose/explain.ts";
import { namespacesOf, observe } from "../diagnose/observe/observe.ts";
import { resync } from "../diagnose/resync.ts";
import type { Snapshot } from "../diagnose/snapshot.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";
import { startLiveChain, untilSynced, type LiveChain } from "./live-chain.ts";
import type { Cluster } from "../clients/kubernetes.ts";

const count = 500;
const resynced = 100;
const rounds = 3;

/**
 * `doctor` and `resync` on the real servers: 500 secrets, as many ExternalSecrets, 4 namespaces. `resync` is compared with
 * the least that External Secrets itself needs: annotations written at once and one watch.
 */
export const liveBench: Bench = {
  name: "live",
  async run(): Promise<readonly Measurement[]> {
    const chain = await startLiveChain(count);
    try {
      await untilSynced(chain);
      return [...(await looks(chain)), await resyncs(chain)];
    } finally {
      await chain.close();
    }
  },
};

async function looks({ home, stack }: LiveChain): Promise<readonly Measurement[]> {
  const place = await openPlace({ stack: "local", home: home.dir, portBase: String(home.portBase) });
  try {
    const taken: Snapshot[] = [];
    for (let round = 0; round < rounds; round += 1) taken.push(await observe(stack, place.access));
    const best = taken.toSorted((a, b) => a.tookInMilliseconds - b.tookInMilliseconds)[0] as Snapshot;
    // a look that met a failure would have measured something else
    const { causes } = explain(best, stack);
    if (causes.length > 0) throw new Error(`the chain is not well: ${causes.map(({ code }) => code).join(", ")}`);
    const { kubernetes, vault, azure } = best.calls;
    return [
      {
        what: `doctor looks at ${count} secrets`,
        unit: "ms",
        value: best.tookInMilliseconds,
        floor: { what: "its limit", value: 6000 },
      },
      { what: "calls to the cluster", unit: "calls", value: kubernetes },
      // Vault lists names only: each version needs a call of its own
      { what: "calls to Vault", unit: "calls", value: vault, floor: { what: "one a secret", value: count } },
      { what: "calls to Azure", unit: "calls", value: azure, floor: { what: "25 names a page", value: count / 25 } },
    ];
  } finally {
    await place.close();
  }
}

/** By turns, so that whatever else the machine does meets both alike. */
async function resyncs({ cluster, stack }: LiveChain): Promise<Measurement> {
  const { signal } = new AbortController();
  const deliveries = stack.plan.deliveries.slice(0, resynced);
  const options = { namespaces: namespacesOf(stack), names: deliveries.map(({ name }) => name), signal };
  // ESO asks the API server 50 times a second, but after a rest 100 times at once: none may begin rested
  await bareResync(cluster, deliveries);
  let value = 0;
  let floor = 0;
  for (let round = 0; round < rounds; round += 1) {
    value += await timed(async () => {
      const { notReady } = await resync(cluster, options);
      if (notReady.length > 0) throw new Error(`not ready: ${notReady.map(({ object }) => object).join(", ")}`);
    });
    floor += await timed(() => bareResync(cluster, deliveries));
  }
  const what = `resync of ${resynced} ExternalSecrets`;
  return { what, unit: "ms", value: value / rounds, floor: { what: "External Secrets itself", value: floor / rounds } };
}

const group = "/apis/external-secrets.io/v1";

interface Name {
  readonly namespace: string;
  readonly name: string;
}

interface Watched {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
  readonly status?: { readonly syncedResourceVersion?: string };
}

/**
 * The least that a resync can cost: every annotation is written at once, and one watch sees when the last of them has
 * synced. No stores first, nothing printed, nothing compared.
 */
export async function bareResync(cluster: Cluster, names: readonly Name[]): Promise<void> {
  const path = `${group}/externalsecrets`;
  const { items, metadata } = await cluster.get<{ items: Watched[]; metadata: { resourceVersion: string } }>(path);
  const before = new Map(items.map((one) => [keyOf(one.metadata), one.status?.syncedResourceVersion]));
  const waiting = new Set(names.map(keyOf));
  const mark = new Date().toISOString();
  const done = watchUntil(cluster, `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, (one) => {
    const key = keyOf(one.metadata);
    if (one.status?.syncedResourceVersion !== before.get(key)) waiting.delete(key);
    return waiting.size === 0;
  });
  await Promise.all(
    names.map(({ namespace, name }) =>
      cluster.patch(`${group}/namespaces/${namespace}/externalsecrets/${name}`, {
        metadata: { annotations: { "force-sync": mark } },
      }),
    ),
  );
  await done;
}

function keyOf({ namespace, name }: Name): string {
  return `${namespace}/${name}`;
}

async function watchUntil(cluster: Cluster, path: string, isLast: (one: Watched) => boolean): Promise<void> {
  for await (const { object } of cluster.watch<Watched>(path, new AbortController().signal)) if (isLast(object)) return;
}
