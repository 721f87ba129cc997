import type { World } from "./world.ts";

const group = "/apis/external-secrets.io/v1/namespaces";

/** Path of a namespace's store. */
export function stores({ namespace: own }: World, namespace = own): string {
  return `${group}/${namespace}/secretstores/ameide-vault`;
}

export function externalSecrets({ namespace: own }: World, name: string, namespace = own): string {
  return `${group}/${namespace}/externalsecrets/${name}`;
}

/** Has External Secrets look at it now, as the seed does. */
export async function again({ connected: { cluster } }: World, path: string): Promise<void> {
  await cluster.patch(path, { metadata: { annotations: { "force-refresh": String(Date.now()) } } });
}

/** Waits until External Secrets has written that it is not Ready. */
export async function refused(world: World, path: string): Promise<void> {
  interface Conditions {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }
  await world.until(async () => {
    const { status: now } = await world.connected.cluster.get<Conditions>(path);
    return now?.conditions?.some(({ type, status }) => type === "Ready" && status === "False") === true;
  });
}
