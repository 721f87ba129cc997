import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { NotYet, podField, readData, serviceAccountToken } from "./cluster-data.ts";
import type { Container, Pod, TokenSource, Volume, VolumeSource } from "./pod.ts";

/** Tokens are renewed until {@link PodVolumes.close}. */
export interface PodVolumes {
  /** Path in the container -> path on this machine. */
  mountsOf(container: Container): ReadonlyMap<string, string>;
  /** Ends the renewals; afterwards nothing is written and the folder can be removed. */
  close(): Promise<void>;
}

/** Share of a token's lifetime after which it is renewed, as in a kubelet. */
const refreshAt = 0.8;
const retryInMilliseconds = 10_000;

/**
 * Writes every volume under `dir/<volume>`: folders 0700, files 0600. ConfigMaps and Secrets are read only once, unlike
 * in a kubelet: the pods here are Jobs.
 *
 * @throws NotYet if a volume refers to a missing object or has an unknown kind.
 */
export async function mountVolumes(api: KubernetesClient, pod: Pod, dir: string): Promise<PodVolumes> {
  const timers = new Map<string, NodeJS.Timeout>();
  const renewals = new Set<Promise<void>>();
  const close = async (): Promise<void> => {
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
    await Promise.all(renewals);
  };
  const keepFresh = (path: string, source: TokenSource, lifetimeInSeconds: number): void => {
    const renew = async (): Promise<void> => {
      try {
        const next = await serviceAccountToken(api, pod, source.audience, source.expirationSeconds);
        if (!timers.has(path)) return;
        await writeWhole(path, next.token);
        if (timers.has(path)) arm(next.lifetimeInSeconds * refreshAt * 1000);
      } catch {
        if (timers.has(path)) arm(retryInMilliseconds); // the API server may be restarting; the old token is still valid
      }
    };
    const arm = (milliseconds: number): void => {
      const begin = (): void => {
        const renewal = renew().finally(() => renewals.delete(renewal));
        renewals.add(renewal);
      };
      timers.set(path, setTimeout(begin, milliseconds).unref());
    };
    arm(lifetimeInSeconds * refreshAt * 1000);
  };

  const mount = async (volume: Volume): Promise<void> => {
    await mkdir(join(dir, volume.name), { recursive: true, mode: 0o700 });
    for (const [path, content] of await filesOf(api, pod, volume)) {
      const target = inside(join(dir, volume.name), path);
      if (Buffer.isBuffer(content)) {
        await writeWhole(target, content);
      } else {
        const { audience, expirationSeconds } = content;
        const { token, lifetimeInSeconds } = await serviceAccountToken(api, pod, audience, expirationSeconds);
        await writeWhole(target, token);
        keepFresh(target, content, lifetimeInSeconds);
      }
    }
  };

  try {
    for (const volume of pod.spec.volumes ?? []) await mount(volume);
  } catch (error) {
    await close(); // the next try mounts it again, with its own renewals
    throw error;
  }
  return {
    mountsOf: ({ volumeMounts = [] }) =>
      new Map(
        volumeMounts.map(({ name, mountPath, subPath = "" }) => [
          mountPath.replace(/(.)\/+$/, "$1"),
          inside(join(dir, name), subPath),
        ]),
      ),
    close,
  };
}

type Content = Buffer | TokenSource;

async function filesOf(api: KubernetesClient, pod: Pod, volume: Volume): Promise<ReadonlyMap<string, Content>> {
  if (volume.emptyDir !== undefined) return new Map();
  const { configMap, secret, downwardAPI, projected } = volume;
  const own: VolumeSource = {
    ...(configMap && { configMap }),
    ...(secret && { secret: { ...secret, name: secret.secretName ?? "" } }),
    ...(downwardAPI && { downwardAPI }),
  };
  const files = new Map<string, Content>();
  for (const source of projected?.sources ?? [own]) {
    const found = await contentOf(api, pod, source);
    if (found === undefined) throw new NotYet(`volume "${volume.name}" is of a kind that this node does not have`);
    for (const [path, content] of found) files.set(path, content);
  }
  return files;
}

/** @returns by path; `undefined` for an unknown kind of source. */
async function contentOf(
  api: KubernetesClient,
  pod: Pod,
  { serviceAccountToken: token, configMap, secret, downwardAPI }: VolumeSource,
): Promise<Iterable<readonly [string, Content]> | undefined> {
  if (token !== undefined) return [[token.path, token]];
  const reference = secret ?? configMap;
  if (reference === undefined) {
    return (downwardAPI && (downwardAPI.items ?? []))?.map(({ path, fieldRef }) => {
      return [path, Buffer.from(fieldRef ? podField(pod, fieldRef.fieldPath) : "")] as const;
    });
  }
  const { name = "", items, optional = false } = reference;
  const kind = secret === undefined ? "configmap" : "secret";
  const data = await readData(api, pod.metadata.namespace, { kind, name, optional });
  if (items === undefined || data === undefined) return data ?? [];
  return items.flatMap(({ key, path }) => {
    const content = data.get(key);
    if (content !== undefined) return [[path, content] as const];
    if (optional) return [];
    throw new NotYet(`${kind} "${name}" has no key "${key}"`);
  });
}

/** A path in an object must not leave the volume. */
function inside(dir: string, path: string): string {
  const target = normalize(join(dir, path));
  if (target !== dir && !target.startsWith(`${dir}/`)) throw new NotYet(`path "${path}" leaves its volume`);
  return target;
}

/** By a rename: a reader gets the old text or the new, never a part. */
async function writeWhole(path: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
