import { request, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { Cluster } from "../cli/access/cluster.ts";
import { localContext, type LocalHome } from "../local/home.ts";

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
export async function bareResync(home: LocalHome, cluster: Cluster, names: readonly Name[]): Promise<void> {
  const path = `${group}/externalsecrets`;
  const { items, metadata } = await cluster.get<{ items: Watched[]; metadata: { resourceVersion: string } }>(path);
  const before = new Map(items.map((one) => [keyOf(one.metadata), one.status?.syncedResourceVersion]));
  const waiting = new Set(names.map(keyOf));
  const mark = new Date().toISOString();
  const done = watchUntil(home, `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, (one) => {
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

async function watchUntil(home: LocalHome, path: string, isLast: (one: Watched) => boolean): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(home.kubeconfig);
  config.setCurrentContext(localContext);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  await new Promise<void>((resolve, reject) => {
    const call = request(new URL(path, config.getCurrentCluster()?.server), options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        const lines = `${text}${part}`.split("\n");
        text = lines.pop() ?? "";
        if (lines.some((line) => isLast((JSON.parse(line) as { object: Watched }).object))) {
          call.destroy();
          resolve();
        }
      });
    });
    call.on("error", reject).end();
  });
}
