import type { Cluster } from "../clients/kubernetes.ts";

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
 * The least that a resync can cost: every annotation is written at once, and one watch tells when the last of them has
 * synced. No stores first, nothing told, nothing compared.
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
