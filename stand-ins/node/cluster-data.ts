import { type KubernetesClient, KubernetesError } from "../../clients/kubernetes.ts";
import type { Pod } from "./pod.ts";

/** A referenced object does not exist (yet): like a kubelet, the node reports that in the pod's status and retries. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

export interface DataReference {
  readonly kind: "configmap" | "secret";
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

type WithData = Partial<Record<"data" | "binaryData", Readonly<Record<string, string>>>>;

/** @returns `undefined` if the object is optional and absent. @throws NotYet if it is required and absent. */
export async function readData(
  api: KubernetesClient,
  namespace: string,
  { kind, name = "", optional = false }: DataReference,
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const object = await api.find<WithData>(`/api/v1/namespaces/${namespace}/${kind}s/${name}`);
  if (object === undefined) {
    if (optional) return undefined;
    throw new NotYet(`${kind} "${name}" not found`);
  }
  const decoded = (data: WithData["data"] = {}, encoding: "utf8" | "base64") =>
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, encoding)] as const);
  return new Map([
    ...decoded(object.data, kind === "secret" ? "base64" : "utf8"),
    ...decoded(object.binaryData, "base64"),
  ]);
}

/** @returns a token of the pod's ServiceAccount, bound to the pod. `lifetimeInSeconds` as granted. */
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
 * @throws NotYet for an unknown field; a kubelet refuses such a pod too.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
export function podField({ metadata, spec }: Pod, fieldPath: string): string {
  const [, of, key] = /^metadata\.(labels|annotations)(?:\['([^']+)'\])?$/.exec(fieldPath) ?? [];
  if (of !== undefined) {
    const all = metadata[of as "labels" | "annotations"] ?? {};
    if (key !== undefined) return all[key] ?? "";
    return Object.entries(all)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join("\n");
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
