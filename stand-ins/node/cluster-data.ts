import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import type { FieldReference, Pod } from "./pod.ts";

/** What a pod asks for is not there (yet): a kubelet says so in the pod's status and tries again. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

/** @returns the data of a ConfigMap, or `undefined` where it is optional and absent. @throws NotYet if it is absent. */
export async function configMapData(
  api: KubernetesClient,
  namespace: string,
  name: string,
  optional = false,
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const object = await read(api, { kind: "configmap", namespace, name }, optional);
  if (object === undefined) return undefined;
  return new Map([...decoded(object.data, "utf8"), ...decoded(object.binaryData, "base64")]);
}

/** As {@link configMapData}, for a Secret. */
export async function secretData(
  api: KubernetesClient,
  namespace: string,
  name: string,
  optional = false,
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const object = await read(api, { kind: "secret", namespace, name }, optional);
  return object === undefined ? undefined : new Map(decoded(object.data, "base64"));
}

interface Wanted {
  readonly kind: "configmap" | "secret";
  readonly namespace: string;
  readonly name: string;
}

interface WithData {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

async function read(
  api: KubernetesClient,
  { kind, namespace, name }: Wanted,
  optional: boolean,
): Promise<WithData | undefined> {
  try {
    return await api.get<WithData>(`/api/v1/namespaces/${namespace}/${kind}s/${name}`);
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 404) throw error;
    if (optional) return undefined;
    throw new NotYet(`${kind} "${name}" not found`, { cause: error });
  }
}

function decoded(data: WithData["data"] = {}, encoding: "utf8" | "base64"): readonly (readonly [string, Buffer])[] {
  return Object.entries(data).map(([key, text]) => [key, Buffer.from(text, encoding)]);
}

/** @returns a token of the pod's ServiceAccount, bound to the pod: it dies with it. `lifetimeInSeconds` as granted. */
export async function serviceAccountToken(
  api: KubernetesClient,
  { metadata, spec }: Pod,
  audience: string | undefined,
  expirationSeconds = 3600,
): Promise<{ readonly token: string; readonly lifetimeInSeconds: number }> {
  const account = spec.serviceAccountName ?? "default";
  const before = Date.now();
  try {
    const { status } = await api.create<{ status: { token: string; expirationTimestamp: string } }>(
      `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${account}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          ...(audience === undefined ? {} : { audiences: [audience] }),
          expirationSeconds,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid },
        },
      },
    );
    return { token: status.token, lifetimeInSeconds: (Date.parse(status.expirationTimestamp) - before) / 1000 };
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    throw new NotYet(`failed to fetch token for serviceaccount "${account}": ${error.message}`, { cause: error });
  }
}

/**
 * The value of a downward API field.
 *
 * @throws NotYet for a field that this node does not know; a kubelet refuses such a pod too.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
export function podField({ metadata, spec }: Pod, { fieldPath }: FieldReference): string {
  const one = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (one) return metadata[one[1] as "labels" | "annotations"]?.[one[2] as string] ?? "";
  const all = /^metadata\.(labels|annotations)$/.exec(fieldPath);
  if (all) {
    const entries = Object.entries(metadata[all[1] as "labels" | "annotations"] ?? {});
    return entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join("\n");
  }
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName ?? "",
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.podIP": "127.0.0.1",
    "status.hostIP": "127.0.0.1",
  };
  const value = fields[fieldPath];
  if (value === undefined) throw new NotYet(`field ${fieldPath} is not known to this node`);
  return value;
}
