import { configMapData, NotYet, podField, secretData } from "./cluster-data.ts";
import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { withRealPaths, withVariables, type MountPaths } from "./mount-paths.ts";
import type { Container, EnvironmentVariable, KeyReference, Pod } from "./pod.ts";

/** What the images that this node knows set themselves. */
const imageEnvironment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/**
 * The whole environment of a container, as a kubelet composes it; nothing of this process's own gets in. Service links
 * of other Services are left out: no Service of this cluster leads anywhere. Mount paths are rewritten in every value.
 *
 * @throws NotYet if a Secret, ConfigMap or key that is not optional is absent.
 */
export async function containerEnvironment(
  api: KubernetesClient,
  pod: Pod,
  container: Container,
  mounts: MountPaths,
): Promise<Readonly<Record<string, string>>> {
  const server = new URL(api.address);
  const environment: Record<string, string> = {
    ...imageEnvironment,
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
    KUBERNETES_SERVICE_HOST: server.hostname,
    KUBERNETES_SERVICE_PORT: server.port || "443",
    KUBERNETES_SERVICE_PORT_HTTPS: server.port || "443",
  };
  const { namespace } = pod.metadata;
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    const data =
      secretRef === undefined
        ? await configMapData(api, namespace, configMapRef?.name ?? "", configMapRef?.optional)
        : await secretData(api, namespace, secretRef.name, secretRef.optional);
    for (const [key, value] of data ?? []) environment[`${prefix}${key}`] = value.toString("utf8");
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(api, pod, variable, environment);
    if (value !== undefined) environment[variable.name] = value;
  }
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withRealPaths(value, mounts)]));
}

async function valueOf(
  api: KubernetesClient,
  pod: Pod,
  { name, value, valueFrom }: EnvironmentVariable,
  known: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (valueFrom === undefined) return withVariables(value ?? "", known);
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  const { namespace } = pod.metadata;
  if (fieldRef !== undefined) return podField(pod, fieldRef);
  if (secretKeyRef !== undefined) {
    const data = await secretData(api, namespace, secretKeyRef.name, secretKeyRef.optional);
    return keyOf(data, secretKeyRef, `Secret ${namespace}/${secretKeyRef.name}`);
  }
  if (configMapKeyRef !== undefined) {
    const data = await configMapData(api, namespace, configMapKeyRef.name, configMapKeyRef.optional);
    return keyOf(data, configMapKeyRef, `ConfigMap ${namespace}/${configMapKeyRef.name}`);
  }
  throw new NotYet(`variable ${name} asks for a source that this node does not have`);
}

function keyOf(
  data: ReadonlyMap<string, Buffer> | undefined,
  { key, optional }: KeyReference,
  of: string,
): string | undefined {
  const value = data?.get(key)?.toString("utf8");
  if (value === undefined && optional !== true) throw new NotYet(`couldn't find key ${key} in ${of}`);
  return value;
}
